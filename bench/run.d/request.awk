# Signed in, every statement becomes a request: a transaction that begins with the role and the claims of the caller.
/^[A-Z]/ && request {
    print "BEGIN;"
    print "SELECT set_config('role', 'authenticated', true), set_config('request.jwt.claims'," \
        " format('{\"sub\": \"%s\", \"role\": \"authenticated\"}', bench.member(:caller)), true);"
    open = 1
}
{ print }
open && /(;|\\gset)$/ {
    print "COMMIT;"
    open = 0
}
