/*
 * test_ledger: the state file of the guard: what is read and written, and what is left
 * alone.
 */
#include "auth/ledger.h"
#include "auth/ledger_list.h"

#include "loop_rig.h"
#include "state_rig.h"

#define SALT "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"
#define KEY1 "00000000000000000000000000000000000000000000000000000000000000aa"
#define KEY2 "00000000000000000000000000000000000000000000000000000000000000bb"
#define HEAD "ccgate-logins 1\nsalt " SALT "\n"

static struct ledger *ledger;
static struct ledger_book book;
static struct ledger_stamp stamp;
static char why[LEDGER_WHY];

static void setup(void)
{
    state_begin();
    ledger = ledger_new(state_dir);
    ck_assert_ptr_nonnull(ledger);
    ledger_book_init(&book);
    why[0] = '\0';
}

static void teardown(void)
{
    ledger_book_clear(&book);
    ledger_unref(ledger);
    state_end();
}

/* ---- the text ---- */

static enum ledger_read read_text(const char *text, size_t *line)
{
    ledger_book_clear(&book);
    return ledger_book_read(&book, span_of(text), line);
}

START_TEST(text_of_a_book)
{
    static const char full[] =
        HEAD "login " KEY1 " closed 1790000000 user=CORP\\alice%20b%C3%A9 domain=CORP "
             "why=rejected at=http://wp1:8080 for=a.test:443 hop=http://wp2:80 "
             "target=http://b.test/\n"
             "login " KEY2 " accepted 5 accepted=http://wp1:80%20http://wp2:80 "
             "rejected=socks5://wp3:1080%20socks5://wp3:1080\n"
             "hop http://wp1:8080 strong\n"
             "hop https://wp%252:80 strong\n"
             "end\n";
    struct buf out;
    size_t line;

    ck_assert_int_eq(read_text(full, &line), LEDGER_READ_OK);
    ck_assert_uint_eq(book.salt[0], 1);
    ck_assert_uint_eq(book.login_count, 2);
    ck_assert_int_eq(book.logins[0].state, LEDGER_CLOSED);
    ck_assert_uint_eq(book.logins[0].time, 1790000000);
    ck_assert_uint_eq(book.logins[0].key[31], 0xaa);
    ck_assert_str_eq(book.logins[0].user, "CORP\\alice b\xc3\xa9");
    ck_assert_str_eq(book.logins[0].domain, "CORP");
    ck_assert_str_eq(book.logins[0].at, "http://wp1:8080");
    ck_assert_str_eq(book.logins[0].target_at, "a.test:443");
    ck_assert_str_eq(book.logins[0].hop, "http://wp2:80");
    ck_assert_str_eq(book.logins[0].target, "http://b.test/");
    ck_assert_str_eq(book.logins[1].user, "");
    ck_assert_str_eq(book.logins[1].good_hops, "http://wp1:80 http://wp2:80");
    ck_assert_uint_eq(ledger_list_has(book.logins[1].bad_hops, "socks5://wp3:1080"), 2);
    ck_assert_uint_eq(ledger_list_has(book.logins[1].bad_hops, "socks5://wp3:108"), 0);
    ck_assert_uint_eq(ledger_list_count(book.logins[1].good_hops), 2);
    ck_assert(ledger_book_has_hop(&book, "https://wp%2:80"));
    ck_assert(!ledger_book_has_hop(&book, "https://wp"));
    buf_init(&out, 65536);
    ck_assert_int_eq(ledger_book_write(&book, &out), 0);
    ck_assert_int_eq(buf_append(&out, "", 1), 0);
    ck_assert_str_eq(out.data + out.start, full);
    buf_clear(&out);
}
END_TEST

#define RECORD "login " KEY1 " closed 1"

static const struct {
    const char *text;
    enum ledger_read result;
    size_t line;
} BROKEN[] = {
    {"", LEDGER_READ_BROKEN, 1},
    {"ccgate-logins 1", LEDGER_READ_BROKEN, 1},
    {"ccgate-logins 2\nwhatever\n", LEDGER_READ_NEWER, 1},
    {"ccgate-logins 0\n", LEDGER_READ_BROKEN, 1},
    {"ccgate-logins x\n", LEDGER_READ_BROKEN, 1},
    {"# my notes\n", LEDGER_READ_BROKEN, 1},
    {"ccgate-logins 1\nend\n", LEDGER_READ_BROKEN, 2},
    {"ccgate-logins 1\nsalt 00\nend\n", LEDGER_READ_BROKEN, 2},
    {HEAD, LEDGER_READ_BROKEN, 3},
    {HEAD "end", LEDGER_READ_BROKEN, 3},
    {HEAD "end\nend\n", LEDGER_READ_BROKEN, 3},
    {HEAD "end\n", LEDGER_READ_OK, 3},
    {HEAD "\nend\n", LEDGER_READ_BROKEN, 3},
    {HEAD RECORD "\nend\n", LEDGER_READ_OK, 4},
    {HEAD RECORD "\n" RECORD "\nend\n", LEDGER_READ_BROKEN, 4},
    {HEAD RECORD "  user=a\nend\n", LEDGER_READ_BROKEN, 3},
    {HEAD RECORD " user=\nend\n", LEDGER_READ_BROKEN, 3},
    {HEAD RECORD " user=a user=b\nend\n", LEDGER_READ_BROKEN, 3},
    {HEAD RECORD " colour=red\nend\n", LEDGER_READ_BROKEN, 3},
    {HEAD RECORD " user\nend\n", LEDGER_READ_BROKEN, 3},
    {HEAD RECORD " user=%\nend\n", LEDGER_READ_BROKEN, 3},
    {HEAD RECORD " user=%4\nend\n", LEDGER_READ_BROKEN, 3},
    {HEAD RECORD " user=%zz\nend\n", LEDGER_READ_BROKEN, 3},
    {HEAD RECORD " user=%00\nend\n", LEDGER_READ_BROKEN, 3},
    {HEAD RECORD " user=\xc3\xa9\nend\n", LEDGER_READ_BROKEN, 3},
    {HEAD "login " KEY1 " untried 1\nend\n", LEDGER_READ_BROKEN, 3},
    {HEAD "login " KEY1 " closed -1\nend\n", LEDGER_READ_BROKEN, 3},
    {HEAD "login " KEY1 " closed 99999999999999999999\nend\n", LEDGER_READ_BROKEN, 3},
    {HEAD "login " KEY1 "0 closed 1\nend\n", LEDGER_READ_BROKEN, 3},
    {HEAD "hop strong\nend\n", LEDGER_READ_BROKEN, 3},
    {HEAD "hop a weak\nend\n", LEDGER_READ_BROKEN, 3},
    {HEAD "hop a strong\nhop a strong\nend\n", LEDGER_READ_BROKEN, 4},
};

START_TEST(broken_text)
{
    size_t line = 0;

    ck_assert_int_eq(read_text(BROKEN[_i].text, &line), BROKEN[_i].result);
    ck_assert_uint_eq(line, BROKEN[_i].line);
}
END_TEST

START_TEST(long_texts)
{
    char text[2048];
    size_t line;

    snprintf(text, sizeof(text), HEAD RECORD " user=%0*d\nend\n", LEDGER_TEXT - 1, 0);
    ck_assert_int_eq(read_text(text, &line), LEDGER_READ_OK);
    snprintf(text, sizeof(text), HEAD RECORD " user=%0*d\nend\n", LEDGER_TEXT, 0);
    ck_assert_int_eq(read_text(text, &line), LEDGER_READ_BROKEN);
}
END_TEST

/* There is always room for one more; accepted logins go first, the oldest of them. */
START_TEST(room)
{
    struct ledger_login login = {.state = LEDGER_CLOSED, .time = 1};

    for (unsigned i = 0; i < LEDGER_RECORDS; i++) {
        login.key[0] = (unsigned char)i;
        login.key[1] = 1;
        login.state = i == 7 || i == 9 ? LEDGER_ACCEPTED : LEDGER_CLOSED;
        login.time = i == 9 ? 2000 : 1000 + i;
        ck_assert(ledger_book_put(&book, &login));
    }
    login.key[1] = 2;
    ck_assert(ledger_book_put(&book, &login));
    ck_assert_uint_eq(book.login_count, LEDGER_RECORDS);
    ck_assert_ptr_nonnull(ledger_book_find(&book, login.key));
    memset(login.key, 0, sizeof(login.key));
    login.key[0] = 7;
    login.key[1] = 1;
    ck_assert_ptr_null(ledger_book_find(&book, login.key));
    login.key[0] = 9;
    ck_assert_ptr_nonnull(ledger_book_find(&book, login.key));
}
END_TEST

/* ---- the file ---- */

static bool put_one(void *ctx, struct ledger_book *into)
{
    struct ledger_login login = {.state = LEDGER_CLOSED, .time = 7};

    memcpy(login.key, ctx, LEDGER_KEY);
    ledger_text_set(login.user, "alice", true);
    return ledger_book_put(into, &login);
}

static unsigned char key[LEDGER_KEY] = {1, 2, 3};

static void put(void)
{
    ck_assert_msg(ledger_update(ledger, put_one, key, &book, &stamp, why), "%s", why);
}

static mode_t mode_of(const char *name)
{
    struct stat st;

    ck_assert_int_eq(stat(name, &st), 0);
    return st.st_mode & 07777;
}

START_TEST(file_is_made)
{
    struct ledger *other = ledger_new(state_dir);
    unsigned char salt[LEDGER_SALT];

    ck_assert(ledger_load(ledger, &book, &stamp, why));
    ck_assert_uint_eq(book.login_count, 0);
    ck_assert_int_ne(access(state_dir, F_OK), 0); /* reading makes nothing */
    ck_assert_msg(ledger_open(ledger, &book, &stamp, why), "%s", why);
    memcpy(salt, book.salt, LEDGER_SALT);
    ck_assert_uint_eq(mode_of(state_dir), 0700);
    ck_assert_uint_eq(mode_of(state_path("logins")), 0600);
    ck_assert(!ledger_changed(ledger, &stamp));
    put();
    ck_assert_int_eq(memcmp(salt, book.salt, LEDGER_SALT), 0);
    ck_assert(!ledger_changed(ledger, &stamp));
    ck_assert(ledger_load(other, &book, &stamp, why));
    ck_assert_uint_eq(book.login_count, 1);
    ck_assert_str_eq(book.logins[0].user, "alice");
    put();
    ck_assert(ledger_changed(other, &(struct ledger_stamp){0}));
    ledger_unref(other);
}
END_TEST

/* Where the file is removed, the keys that were made with its salt stay good. */
START_TEST(file_is_removed)
{
    unsigned char salt[LEDGER_SALT];

    put();
    memcpy(salt, book.salt, LEDGER_SALT);
    ck_assert_int_eq(unlink(state_path("logins")), 0);
    ck_assert(ledger_changed(ledger, &stamp));
    put();
    ck_assert_int_eq(memcmp(salt, book.salt, LEDGER_SALT), 0);
}
END_TEST

START_TEST(folder_is_removed)
{
    put();
    ck_assert_int_eq(unlink(state_path("logins")), 0);
    ck_assert_int_eq(unlink(state_path("logins.lock")), 0);
    ck_assert_int_eq(rmdir(state_dir), 0);
    put();
    ck_assert_int_eq(access(state_path("logins"), F_OK), 0);
}
END_TEST

static const struct {
    const char *text;
    mode_t mode;
    const char *why;
} LEFT_ALONE[] = {
    {"ccgate-logins 2\nsalt and more\n", 0600, "newer"},
    {"my diary\n", 0600, "line 1"},
    {HEAD "end\n", 0666, "other users"},
    {HEAD "end\n", 0620, "other users"},
};

START_TEST(file_is_left_alone)
{
    state_put("logins", LEFT_ALONE[_i].text, LEFT_ALONE[_i].mode);
    ck_assert(!ledger_load(ledger, &book, &stamp, why));
    ck_assert_msg(strstr(why, LEFT_ALONE[_i].why) != NULL, "%s", why);
    ck_assert(!ledger_open(ledger, &book, &stamp, why));
    ck_assert(!ledger_update(ledger, put_one, key, &book, &stamp, why));
    ck_assert_str_eq(state_get("logins"), LEFT_ALONE[_i].text);
}
END_TEST

START_TEST(readable_file_is_read)
{
    state_put("logins", HEAD "end\n", 0644);
    put();
    ck_assert_uint_eq(mode_of(state_path("logins")), 0600);
}
END_TEST

START_TEST(links_are_not_followed)
{
    const char *name = _i == 0 ? "logins" : "logins.lock";

    state_put("elsewhere", HEAD "end\n", 0600);
    ck_assert_int_eq(symlink("elsewhere", state_path(name)), 0);
    ck_assert(!ledger_update(ledger, put_one, key, &book, &stamp, why));
    ck_assert_msg(strstr(why, "symbolic link") != NULL, "%s", why);
    ck_assert_str_eq(state_get("elsewhere"), HEAD "end\n");
    unlink(state_path("elsewhere"));
}
END_TEST

START_TEST(no_regular_file)
{
    state_put("x", "", 0600);
    unlink(state_path("x"));
    if (_i == 0)
        ck_assert_int_eq(mkdir(state_path("logins"), 0700), 0);
    else
        ck_assert_int_eq(mkfifo(state_path("logins"), 0600), 0);
    ck_assert(!ledger_update(ledger, put_one, key, &book, &stamp, why));
    ck_assert_msg(strstr(why, "no regular file") != NULL, "%s", why);
}
END_TEST

START_TEST(folder_of_others)
{
    state_put("logins", HEAD "end\n", 0600);
    ck_assert_int_eq(chmod(state_dir, 0770), 0);
    ck_assert(!ledger_open(ledger, &book, &stamp, why));
    ck_assert_msg(strstr(why, "other users") != NULL, "%s", why);
}
END_TEST

START_TEST(no_folder)
{
    char above[sizeof(state_dir)];

    snprintf(above, sizeof(above), "%s/deep", state_folder);
    ck_assert_int_eq(close(open(above, O_CREAT | O_WRONLY, 0600)), 0);
    ck_assert(!ledger_open(ledger, &book, &stamp, why));
    ck_assert_msg(strstr(why, "Not a directory") != NULL, "%s", why);
}
END_TEST

/* As nothing but a folder and a lock is left, the file stays as it is. */
START_TEST(a_try_changes_nothing)
{
    ck_assert(ledger_try(ledger, why));
    ck_assert_int_ne(access(state_path("logins"), F_OK), 0);
    state_put("logins", HEAD "end\n", 0600);
    ck_assert(ledger_try(ledger, why));
    ck_assert_str_eq(state_get("logins"), HEAD "end\n");
    ck_assert_int_ne(access(state_path("logins.new"), F_OK), 0);
}
END_TEST

START_TEST(a_try_that_fails)
{
    char above[sizeof(state_dir)];

    snprintf(above, sizeof(above), "%s/deep", state_folder);
    if (_i == 0) {
        ck_assert_int_eq(close(open(above, O_CREAT | O_WRONLY, 0600)), 0);
    } else {
        state_put("logins", HEAD "end\n", 0600);
        ck_assert_int_eq(mkdir(state_path("logins.new"), 0700), 0);
    }
    ck_assert(ledger_load(ledger, &book, &stamp, why) == (_i == 1));
    ck_assert(!ledger_try(ledger, why));
    ck_assert_msg(strstr(why, _i == 0 ? "Not a directory" : "cannot be written to") !=
                      NULL,
                  "%s", why);
}
END_TEST

/* What a crash has left behind. */
START_TEST(leftover)
{
    state_put("logins.new", "half a fi", 0600);
    put();
    ck_assert_str_eq(state_get("logins.new"), "");
    ck_assert_ptr_nonnull(strstr(state_get("logins"), "user=alice"));
}
END_TEST

/* ---- the turn ---- */

START_TEST(turn)
{
    struct ledger *other = ledger_new(state_dir);
    unsigned char second[LEDGER_KEY] = {9};

    ck_assert_int_eq(ledger_turn_take(ledger, key), LEDGER_TURN_FAILED);
    ck_assert(ledger_open(ledger, &book, &stamp, why));
    ck_assert(ledger_open(other, &book, &stamp, why));
    ck_assert_int_eq(ledger_turn_take(ledger, key), LEDGER_TURN_TAKEN);
    ck_assert_int_eq(ledger_turn_take(other, key), LEDGER_TURN_BUSY);
    ck_assert(ledger_turn_is_taken(other, key));
    ck_assert(!ledger_turn_is_taken(ledger, key));
    ck_assert_int_eq(ledger_turn_take(other, second), LEDGER_TURN_TAKEN);
    put(); /* does not need a turn, and takes none */
    ledger_turn_give(ledger, key);
    ck_assert_int_eq(ledger_turn_take(other, key), LEDGER_TURN_TAKEN);
    ledger_unref(other);
    ck_assert_int_eq(ledger_turn_take(ledger, second), LEDGER_TURN_TAKEN);
}
END_TEST

/* A mark outlives whoever made it, and says nothing of other logins. */
START_TEST(mark)
{
    unsigned char second[LEDGER_KEY] = {9};

    ledger_turn_mark(ledger, key, true); /* nothing is open yet */
    ck_assert(!ledger_turn_is_marked(ledger, key));
    ck_assert(ledger_open(ledger, &book, &stamp, why));
    ck_assert(!ledger_turn_is_marked(ledger, key));
    ledger_turn_mark(ledger, key, true);
    ledger_turn_mark(ledger, second, true);
    ledger_turn_mark(ledger, second, false);
    ledger_unref(ledger);
    ledger = ledger_new(state_dir);
    ck_assert(ledger_open(ledger, &book, &stamp, why));
    ck_assert(ledger_turn_is_marked(ledger, key));
    ck_assert(!ledger_turn_is_marked(ledger, second));
    ledger_turn_mark(ledger, key, false);
    ck_assert(!ledger_turn_is_marked(ledger, key));
}
END_TEST

/* ---- keys and rearming ---- */

START_TEST(keys)
{
    static const unsigned char salts[2][LEDGER_SALT] = {{1}, {2}};
    unsigned char made[5][LEDGER_KEY];

    ck_assert(ledger_key(salts[0], SPAN("sesame"), "alice", NULL, made[0]));
    ck_assert(ledger_key(salts[0], SPAN("sesame"), "alice", "x", made[1]));
    ck_assert(ledger_key(salts[0], SPAN("sesame"), "alicex", NULL, made[2]));
    ck_assert(ledger_key(salts[0], SPAN("sesamf"), "alice", NULL, made[3]));
    ck_assert(ledger_key(salts[1], SPAN("sesame"), "alice", NULL, made[4]));
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < i; j++)
            ck_assert_int_ne(memcmp(made[i], made[j], LEDGER_KEY), 0);
    ck_assert(ledger_key(salts[0], SPAN("sesame"), "Alice", NULL, made[1]));
    ck_assert_int_eq(memcmp(made[0], made[1], LEDGER_KEY), 0);
}
END_TEST

#define KEY3 "cc000000000000000000000000000000000000000000000000000000000000cc"
#define KEY4 "dd000000000000000000000000000000000000000000000000000000000000dd"

START_TEST(rearm)
{
    static const unsigned char busy[LEDGER_KEY] = {0xdd};
    struct ledger *other = ledger_new(state_dir);
    size_t count = 0;

    state_put("logins",
              HEAD "login " KEY1 " closed 1 user=alice\n"
                   "login " KEY2 " doubted 1 user=bob\n"
                   "login " KEY3 " accepted 1 user=dave accepted=a rejected=b\n"
                   "login " KEY4 " trying 1 user=carol\n"
                   "end\n",
              0600);
    ck_assert(ledger_open(other, &book, &stamp, why));
    ck_assert_int_eq(ledger_turn_take(other, busy), LEDGER_TURN_TAKEN);
    ck_assert(ledger_rearm(ledger, "nobody", &count, why));
    ck_assert_uint_eq(count, 0);
    ck_assert(ledger_rearm(ledger, "alice", &count, why));
    ck_assert_uint_eq(count, 1);
    ck_assert(ledger_changed(other, &stamp));
    ck_assert(ledger_load(other, &book, &stamp, why));
    ck_assert_uint_eq(book.login_count, 3);
    ck_assert(ledger_rearm(ledger, NULL, &count, why));
    ck_assert_uint_eq(count, 2); /* carol's is under way */
    ledger_unref(other);
    ck_assert(ledger_rearm(ledger, NULL, &count, why));
    ck_assert_uint_eq(count, 1); /* its process has ended */
    ck_assert(ledger_load(ledger, &book, &stamp, why));
    ck_assert_uint_eq(book.login_count, 1);
    ck_assert_int_eq(book.logins[0].state, LEDGER_ACCEPTED);
    ck_assert_str_eq(book.logins[0].good_hops, "a");
    ck_assert_str_eq(book.logins[0].bad_hops, "");
}
END_TEST

/* The latest in front; the oldest make room. */
START_TEST(lists)
{
    char list[LEDGER_LIST] = "", name[LEDGER_TEXT];

    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof(name), "http://wp%d.corp:8080", i);
        ledger_list_add(list, name);
    }
    ck_assert(strncmp(list, "http://wp199.corp:8080 http://wp198.corp:8080 ", 46) == 0);
    ck_assert_uint_gt(ledger_list_count(list), 40);
    ck_assert_uint_eq(ledger_list_has(list, "http://wp0.corp:8080"), 0);
    ledger_list_remove(list, "http://wp199.corp:8080");
    ck_assert(strncmp(list, "http://wp198.corp:8080 http://wp197", 35) == 0);
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    for (int i = 0; i < 4; i++)
        ledger_list_add(list, name);
    ck_assert_uint_eq(ledger_list_count(list), 3);
    ck_assert_uint_eq(ledger_list_has(list, name), 3);
    ledger_list_add(list, "");
    ck_assert_uint_eq(ledger_list_count(list), 3);
    ledger_list_remove(list, name);
    ck_assert_str_eq(list, "");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ledger");
    TCase *tcase = tcase_create("ledger");

    tcase_set_timeout(tcase, 30);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, text_of_a_book);
    tcase_add_loop_test(tcase, broken_text, 0, COUNT(BROKEN));
    tcase_add_test(tcase, long_texts);
    tcase_add_test(tcase, room);
    tcase_add_test(tcase, file_is_made);
    tcase_add_test(tcase, file_is_removed);
    tcase_add_test(tcase, folder_is_removed);
    tcase_add_loop_test(tcase, file_is_left_alone, 0, COUNT(LEFT_ALONE));
    tcase_add_test(tcase, readable_file_is_read);
    tcase_add_loop_test(tcase, links_are_not_followed, 0, 2);
    tcase_add_loop_test(tcase, no_regular_file, 0, 2);
    tcase_add_test(tcase, folder_of_others);
    tcase_add_test(tcase, no_folder);
    tcase_add_test(tcase, a_try_changes_nothing);
    tcase_add_loop_test(tcase, a_try_that_fails, 0, 2);
    tcase_add_test(tcase, leftover);
    tcase_add_test(tcase, turn);
    tcase_add_test(tcase, mark);
    tcase_add_test(tcase, keys);
    tcase_add_test(tcase, rearm);
    tcase_add_test(tcase, lists);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
