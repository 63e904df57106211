-- The functions of bench/callgrind, from a module that is nowhere installed.
CREATE FUNCTION bench.empty_function(uuid, uuid) RETURNS boolean LANGUAGE c AS :'module';
CREATE FUNCTION bench.start_counting() RETURNS void LANGUAGE c AS :'module';
CREATE FUNCTION bench.stop_counting() RETURNS void LANGUAGE c AS :'module';
