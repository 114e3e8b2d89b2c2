-- A store as belljar 0.2 wrote it: never changed, so that what was kept then opens in all later versions.
PRAGMA page_size = 4096;
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA application_id = 1784771170;
PRAGMA journal_mode = WAL;
BEGIN;
CREATE TABLE execution (
 seq INTEGER PRIMARY KEY AUTOINCREMENT,
 id TEXT NOT NULL UNIQUE,
 dialect TEXT NOT NULL,
 language INTEGER NOT NULL,
 batch INTEGER NOT NULL,
 created_ns INTEGER NOT NULL,
 created_day INTEGER NOT NULL,
 state INTEGER NOT NULL,
 status INTEGER NOT NULL,
 attempts INTEGER NOT NULL,
 started_ns INTEGER NOT NULL,
 finished_ns INTEGER NOT NULL,
 callback INTEGER NOT NULL,
 caller TEXT,
 label TEXT,
 request TEXT,
 result TEXT
) STRICT;
CREATE TABLE asked (
 seq INTEGER PRIMARY KEY,
 source BLOB,
 stdin BLOB,
 expected BLOB,
 files BLOB
) STRICT;
CREATE TABLE outcome (
 seq INTEGER PRIMARY KEY,
 stdout BLOB,
 stderr BLOB,
 compile_output BLOB
) STRICT;
CREATE TRIGGER execution_deleted AFTER DELETE ON execution BEGIN
 DELETE FROM asked WHERE seq = old.seq;
 DELETE FROM outcome WHERE seq = old.seq;
END;
CREATE INDEX by_dialect ON execution (dialect);
CREATE INDEX unfinished ON execution (seq) WHERE state < 3;
CREATE INDEX callbacks_due ON execution (seq) WHERE state >= 3 AND callback = 1;
CREATE INDEX purgeable ON execution (finished_ns) WHERE state >= 3 AND callback <> 1;
CREATE INDEX statistics ON execution (dialect, status, language, created_day);
PRAGMA user_version = 1;
INSERT INTO execution (seq, id, dialect, language, batch, created_ns, created_day, state, status, attempts, started_ns, finished_ns,
 callback, caller, label, request, result)
 VALUES (7, 'd85cd024-1548-4165-96c7-7bc88673f194', 'judge0', 71, 0, 1700000000000000000, 19675, 3, 3, 1, 1700000000100000000,
 1700000000200000000, 2, '192.0.2.1', 'exam', '{"language_id":71}', '{"time":"0.011"}');
INSERT INTO asked VALUES (7, x'7072696e74283129', NULL, x'', NULL);
INSERT INTO outcome VALUES (7, x'310a', NULL, NULL);
INSERT INTO execution (seq, id, dialect, language, batch, created_ns, created_day, state, status, attempts, started_ns, finished_ns,
 callback, caller, label, request, result)
 VALUES (9, '01HF4ZQ0000000000000000000', 'native', 0, 1, 1700000001000000000, 19675, 2, 2, 1, 1700000001100000000, 0, 1, 'key',
 NULL, '{}', NULL);
INSERT INTO asked VALUES (9, x'00ff', x'696e', NULL, NULL);
COMMIT;
