SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname)
FROM pg_constraint
WHERE contype = 'f' AND conrelid IN ('user_follow'::regclass, 'user_block'::regclass) \gexec
