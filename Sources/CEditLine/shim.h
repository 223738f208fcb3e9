#include <histedit.h>
#include <locale.h>
#include <stddef.h>
#include <stdio.h>
#include <wchar.h>

// Functions with a variable number of arguments cannot be called from Swift. See editline(3).

static inline EditLine *convey_el_init(void) { return el_init("convey", stdin, stdout, stderr); }

static inline void convey_el_prepare(
    EditLine *line, void *client, wchar_t *(*prompt)(EditLine *), int (*read)(EditLine *, wchar_t *)) {
    el_wset(line, EL_CLIENTDATA, client);
    el_wset(line, EL_PROMPT, prompt);
    el_wset(line, EL_GETCFN, read);
    el_wset(line, EL_EDITOR, L"emacs");
    // Signals are the program's own.
    el_wset(line, EL_SIGNAL, 0);
    // Home, End and Delete of terminals whose terminfo does not name them.
    el_wset(line, EL_BIND, L"\\e[1~", L"ed-move-to-beg", NULL);
    el_wset(line, EL_BIND, L"\\e[4~", L"ed-move-to-end", NULL);
    el_wset(line, EL_BIND, L"\\e[H", L"ed-move-to-beg", NULL);
    el_wset(line, EL_BIND, L"\\e[F", L"ed-move-to-end", NULL);
    el_wset(line, EL_BIND, L"\\e[3~", L"ed-delete-next-char", NULL);
    el_wset(line, EL_BIND, L"\\e[1;5C", L"em-next-word", NULL);
    el_wset(line, EL_BIND, L"\\e[1;5D", L"ed-prev-word", NULL);
    el_wset(line, EL_BIND, L"^R", L"em-inc-search-prev", NULL);
}

static inline void *convey_el_client(EditLine *line) {
    void *client = NULL;
    el_wget(line, EL_CLIENTDATA, &client);
    return client;
}

static inline void convey_el_use_history(EditLine *line, HistoryW *history, int size) {
    HistEventW event;
    history_w(history, &event, H_SETSIZE, size);
    history_w(history, &event, H_SETUNIQUE, 1);
    el_wset(line, EL_HIST, history_w, history);
}

static inline int convey_history_enter(HistoryW *history, const wchar_t *text) {
    HistEventW event;
    return history_w(history, &event, H_ENTER, text);
}

static inline int convey_history_load(HistoryW *history, const char *path) {
    HistEventW event;
    return history_w(history, &event, H_LOAD, path);
}

static inline int convey_history_save(HistoryW *history, const char *path) {
    HistEventW event;
    return history_w(history, &event, H_SAVE, path);
}
