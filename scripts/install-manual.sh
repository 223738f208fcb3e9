#!/bin/sh
# Installs man pages and shell completions, generated from the command definitions of a convey program.
#
#   scripts/install-manual.sh CONVEY SHARE     SHARE is /usr/local/share, or a package's usr/share
set -eu
here=$(dirname "$0")
convey=$1
share=$2

pages=$(mktemp -d)
trap 'rm -rf "$pages"' EXIT
"$here/generate-manual.py" "$convey" "$pages"
gzip -9n "$pages"/*.1
install -d "$share/man/man1"
install -m 644 "$pages"/*.1.gz "$share/man/man1/"

completion() { # completion SHELL FILE
    "$convey" --generate-completion-script "$1" >"$pages/script"
    install -D -m 644 "$pages/script" "$share/$2"
}
completion bash bash-completion/completions/convey
completion zsh zsh/vendor-completions/_convey
completion fish fish/vendor_completions.d/convey.fish
