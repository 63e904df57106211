#pragma once

#include "pair.h"
#include "prelude.h"
#include "uuid_array.h"

namespace follow {

/*
 * The reads. All but count_follows run with the caller's rights and policies, and see what the calling statement sees.
 *
 * Their locks: ACCESS SHARE on both tables, of is_following on the follow table. Their errors: those of open_graph;
 * 42501 without SELECT.
 */

/** Whether the caller sees the edge: the operation behind is_following. */
bool is_following(Oid function, const Edge &edge);

struct FollowCounts {
    int64 followers;
    int64 following;
};

/** Counts a user's rows as the tables' owner: the operation behind follow_counts. */
FollowCounts count_follows(Oid function, const Uuid &user);

/** Which list: who follows the user, or whom the user follows. */
enum class List { followers, following };

/** Where a page begins: after the row with these values, in the order of the list. */
struct Cursor {
    bool has_created_at;
    TimestampTz created_at;
    bool has_user;
    Uuid user;
};

/**
 * Puts a page of a list into `rows` (user_id, created_at), newest first, rows without a time last.
 *
 * @param size how many rows at most
 */
void read_list(Oid function, List list, const Uuid &user, int64 size, const Cursor &cursor, ReturnSetInfo *rows);

/** Puts those whom `viewer` follows and who follow `user` into `rows` (user_id), in the order of their ids. */
void read_mutual_followers(Oid function, const Uuid &viewer, const Uuid &user, int64 size, const Cursor &cursor,
                           ReturnSetInfo *rows);

/**
 * Puts what `viewer` is to each of `users` into `rows` (user_id, following, followed_by, blocking), in the order given.
 * Who blocks the viewer is never looked up.
 */
void read_relationships(Oid function, const Uuid &viewer, const UuidArray &users, ReturnSetInfo *rows);

} // namespace follow
