/*
 * fuzz_setting: whatever a file of a program has in it, a setting that is put there is
 * found there, taking the edit back gives the same bytes, and so much of it as
 * unsetting leaves in a changed file has no fault. The first byte chooses the format.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "certs/setting.h"
#include "fuzz.h"

static const struct setting SETTINGS[SETTING_FORMATS] = {
    [SETTING_CURL] = {SETTING_CURL, NULL, "cacert", "/s/b.pem"},
    [SETTING_WGET] = {SETTING_WGET, NULL, "ca_certificate", "/s/b.pem"},
    [SETTING_NPM] = {SETTING_NPM, NULL, "cafile", "/s/b.pem"},
    [SETTING_INI] = {SETTING_INI, "global", "cert", "/s/b.pem"},
    [SETTING_GIT] = {SETTING_GIT, "http", "sslCAInfo", "/s/b.pem"},
    [SETTING_JSON] = {SETTING_JSON, "env", "CA", "/s/b.pem"},
};

static bool is_set(const struct setting *setting, struct span text)
{
    char *value;
    bool set;

    expect(setting_find(setting, text, &value) == 0);
    set = value != NULL && strcmp(value, setting->value) == 0;
    free(value);
    return set;
}

static void check(const struct setting *setting, struct span text)
{
    struct setting_edit edit, back;
    struct buf after, before;

    buf_init(&after, 1 << 20);
    buf_init(&before, 1 << 20);
    expect(setting_set(setting, text, &edit) == 0);
    expect(setting_edit_apply(&edit, text, &after) == 0);
    expect(is_set(setting, buf_span(&after)));
    expect(setting_edit_reverse(&edit, buf_span(&after), &before) == 0);
    expect(span_equal(buf_span(&before), text));
    expect(setting_fault(setting, buf_span(&after)) == NULL);
    expect(setting_unset(setting, buf_span(&after), &edit, &back) == 0);
    buf_reset(&before);
    expect(setting_edit_apply(&back, buf_span(&after), &before) == 0);
    expect(setting_fault(setting, buf_span(&before)) == NULL);
    buf_clear(&after);
    buf_clear(&before);
    setting_edit_clear(&edit);
    setting_edit_clear(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct setting *setting;
    struct span text;

    if (size == 0 || size > 65536)
        return 0;
    setting = &SETTINGS[data[0] % SETTING_FORMATS];
    text = (struct span){(const char *)data + 1, size - 1};
    if (setting_fault(setting, text) == NULL)
        check(setting, text);
    return 0;
}
