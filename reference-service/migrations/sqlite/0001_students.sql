-- Instants are text of one width (RFC 3339, microseconds, Z), so that they sort as they should.
CREATE TABLE users (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    username      TEXT NOT NULL CONSTRAINT users_username_key UNIQUE,
    role          TEXT NOT NULL CHECK (role IN ('admin', 'teacher', 'viewer')),
    password_salt TEXT NOT NULL,
    password_hash TEXT NOT NULL
);

CREATE TABLE tokens (
    token_hash TEXT PRIMARY KEY,
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL
);

CREATE TABLE classes (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    name     TEXT NOT NULL,
    capacity INTEGER NOT NULL
);

CREATE TABLE students (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    student_no TEXT NOT NULL,
    name       TEXT NOT NULL,
    email      TEXT NOT NULL,
    phone      TEXT,
    class_id   INTEGER REFERENCES classes (id),
    status     TEXT NOT NULL CHECK (status IN ('active', 'suspended', 'graduated')),
    credits    INTEGER NOT NULL CHECK (credits >= 0),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    version    INTEGER NOT NULL,
    -- SQLite checks the last one first: as in PostgreSQL, the student number is complained of before the email.
    CONSTRAINT students_email_key UNIQUE (email),
    CONSTRAINT students_student_no_key UNIQUE (student_no)
);
CREATE INDEX students_class_id_idx ON students (class_id);

CREATE TABLE reviews (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    student_id INTEGER NOT NULL REFERENCES students (id) ON DELETE CASCADE,
    kind       TEXT NOT NULL,
    status     TEXT NOT NULL CHECK (status IN ('pending', 'claimed')),
    claimed_by INTEGER REFERENCES users (id),
    claimed_at TEXT,
    created_at TEXT NOT NULL
);
CREATE INDEX reviews_pending_idx ON reviews (id) WHERE status = 'pending';
CREATE INDEX reviews_student_id_idx ON reviews (student_id);

-- What the tables were filled with; one row, or none before the first seeding.
CREATE TABLE seeds (
    number   INTEGER NOT NULL,
    students INTEGER NOT NULL
);
