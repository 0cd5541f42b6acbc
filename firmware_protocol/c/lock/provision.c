#include "provision.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool read_hex(uint8_t *out, size_t length, const char *text)
{
    static const char digits[] = "0123456789abcdef";

    if (strlen(text) != 2 * length) {
        return false;
    }
    for (size_t i = 0; i < 2 * length; i++) {
        const char *digit = strchr(digits, text[i]);
        if (digit == NULL) {
            return false;
        }
        out[i / 2] = (uint8_t)((unsigned)out[i / 2] << 4 | (unsigned)(digit - digits));
    }
    return true;
}

static bool keep_text(struct provision *provision, unsigned which, const char **kept, const char *value)
{
    if (strlen(value) >= sizeof provision->text[which]) {
        return false;
    }
    strcpy(provision->text[which], value);
    *kept = provision->text[which];
    return true;
}

static bool take_line(struct provision *provision, const char *name, const char *value)
{
    struct mqtt_account *account = &provision->account;
    struct anmen_identity *who = &provision->who;

    if (strcmp(name, "lock") == 0 && strlen(value) == ANMEN_LOCK_ID) {
        strcpy(who->lock_id, value);
        return anmen_lock_id_is_good(value);
    }
    if (strcmp(name, "key_epoch") == 0) {
        who->key_epoch = strtoull(value, NULL, 10);
        return who->key_epoch != 0;
    }
    if (strcmp(name, "private") == 0) {
        return read_hex(who->own_private, sizeof who->own_private, value);
    }
    if (strcmp(name, "service_public") == 0) {
        return read_hex(who->service_public, sizeof who->service_public, value);
    }
    struct {
        const char *name;
        const char **kept;
    } texts[] = {{"host", &account->host},           {"port", &account->port},
                 {"authority", &account->authority}, {"certificate", &account->certificate},
                 {"private_key", &account->private_key}};
    for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (strcmp(name, texts[i].name) == 0) {
            return keep_text(provision, i, texts[i].kept, value);
        }
    }
    return false;
}

static bool is_whole(const struct provision *provision)
{
    const struct mqtt_account *account = &provision->account;

    return provision->who.lock_id[0] != '\0' && provision->who.key_epoch != 0
           && provision->who.service_public[0] == 4 && account->host != NULL && account->port != NULL
           && account->authority != NULL && account->certificate != NULL && account->private_key != NULL;
}

bool provision_read(struct provision *provision, const char *path)
{
    char line[600];
    bool good = true;
    FILE *file = fopen(path, "r");

    memset(provision, 0, sizeof *provision);
    if (file == NULL) {
        perror(path);
        return false;
    }
    while (good && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        char *value = strchr(line, '=');
        if (line[0] == '\0' || line[0] == '#') {
            continue;
        }
        if (value == NULL) {
            good = false;
            break;
        }
        *value++ = '\0';
        good = take_line(provision, line, value);
        if (!good) {
            fprintf(stderr, "%s: the line `%s` is not as it should be\n", path, line); /* its value may be a key */
        }
    }
    memset(line, 0, sizeof line);
    (void)fclose(file);
    if (good && !is_whole(provision)) {
        fprintf(stderr, "%s: lock, key_epoch, private, service_public, host, port, authority, certificate and "
                        "private_key are all needed\n", path);
        good = false;
    }
    provision->account.client_id = provision->who.lock_id;
    return good;
}
