#!/bin/bash
# Runs a build and shows its progress: what the first build compiles, how long that usually takes, and the current step. Shows
# errors and warnings at once. Exits with the status of the build.
#
#   scripts/build-progress.sh SCRATCH COMMAND...    SCRATCH is where SwiftPM builds, .build
set -uo pipefail

scratch=$1
shift
# Seconds of processor time of a first build on an idle machine (docs/operations/performance.md, "The first build").
first_build=800
cores=$(nproc 2>/dev/null || echo 2)
# More than four processors hardly help, because modules wait for each other.
usual=$(((first_build / (cores < 4 ? cores : 4) + 59) / 60))

began=$SECONDS
is_first=no
if [ ! -d "$scratch/release/CNIOBoringSSL.build" ]; then
    is_first=yes
    echo "First build: compiling Convey and its libraries (SwiftNIO, TLS, YAML, …). This happens once and usually takes about"
    echo "$usual minutes with $cores processors, a few more if packages must be fetched first. Later builds take seconds."
fi

show() { # show TEXT: prints one line; on a terminal the next line replaces it
    if [ -t 1 ]; then printf '\r\033[K%s' "$1"; else echo "$1"; fi
}
clear_line() { if [ -t 1 ]; then printf '\r\033[K'; fi; }

told=-100
"$@" 2>&1 | while IFS= read -r line; do
    if [[ $line =~ ^\[([0-9]+)/([0-9]+)\]\ (.*)$ ]]; then
        done=${BASH_REMATCH[1]} all=${BASH_REMATCH[2]} what=${BASH_REMATCH[3]}
        case $what in
        *.c | *.cc | *.S) what="BoringSSL, for TLS" ;;
        Compiling\ *) what=${what#Compiling } what=${what%% *} ;;
        esac
        # Every second on a terminal, else every 15 s, because the lines stay.
        if [ -t 1 ]; then pause=1; else pause=15; fi
        if [ $((SECONDS - told)) -ge $pause ]; then
            told=$SECONDS
            passed=$((SECONDS - began))
            usually=""
            [ $is_first = no ] || usually=", usually $usual min"
            show "$(printf '  %d:%02d%s  step %s of %s: %s' $((passed / 60)) $((passed % 60)) "$usually" "$done" "$all" "$what")"
        fi
    elif [[ $line =~ ^(Building\ for|Build\ complete|Build\ of\ product|Planning\ build|Fetching|Fetched|Updating|Updated|Computing|Computed|Creating|Working\ copy) ]]; then
        case $line in
        Fetching*) show "  fetching packages: ${line##*/}" ;;
        Build\ *) clear_line && echo "$line" ;;
        esac
    else
        clear_line
        printf '%s\n' "$line"
    fi
done
exit "${PIPESTATUS[0]}"
