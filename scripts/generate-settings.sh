#!/bin/sh
# Writes the tables of settings between the two markers of a document. A test compares the tables with the program.
#
#   scripts/generate-settings.sh CONVEY docs/CONFIGURATION.md
set -eu
convey=$1
document=$2

draft=$(mktemp)
trap 'rm -f "$draft"' EXIT
{
    sed -n '1,/^<!-- settings/p' "$document"
    echo
    "$convey" settings --markdown
    echo
    sed -n '/^<!-- end of settings/,$p' "$document"
} >"$draft"
cp "$draft" "$document"
