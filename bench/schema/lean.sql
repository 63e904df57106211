-- The least that a follow graph needs: no foreign keys, no CHECK, no row-level security, one index besides the key.
CREATE TABLE user_follow (
    follower_id uuid,
    following_id uuid,
    created_at timestamptz DEFAULT now(),
    PRIMARY KEY (follower_id, following_id)
);
CREATE INDEX ON user_follow (following_id);

CREATE TABLE user_block (
    blocker_id uuid,
    blocked_id uuid,
    created_at timestamptz DEFAULT now(),
    PRIMARY KEY (blocker_id, blocked_id)
);
