#!/bin/sh
# Makes a certificate authority, a server certificate for localhost and a client certificate, for development and tests.
# They are valid for 30 days, and their keys are not protected: never use them in production.
#
#   scripts/make-certificates.sh DIRECTORY [HOST...]
set -eu

if [ $# -lt 1 ]; then
    echo "usage: $0 DIRECTORY [HOST...]" >&2
    exit 64
fi
directory=$1
shift
if [ -e "$directory/ca.key" ]; then
    echo "$directory/ca.key already exists; remove the directory to make new certificates" >&2
    exit 1
fi
umask 077
mkdir -p "$directory"
cd "$directory"

names="DNS:localhost,IP:127.0.0.1,IP:::1"
for host in "$@"; do names="$names,DNS:$host"; done

new_key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1"; }

new_key ca.key
openssl req -x509 -new -key ca.key -days 30 -out ca.crt -subj "/CN=Convey development CA" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign

# sign NAME COMMON_NAME EXTENSIONS
sign() {
    new_key "$1.key"
    openssl req -new -key "$1.key" -subj "/CN=$2" -out "$1.csr"
    printf '%s\n' "$3" >"$1.ext"
    openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -extfile "$1.ext" -out "$1.crt" \
        2>/dev/null
    rm "$1.csr" "$1.ext"
}
sign server localhost "subjectAltName=$names
extendedKeyUsage=serverAuth"
sign client convey "extendedKeyUsage=clientAuth"
rm -f ca.srl
echo "made ca.crt, server.crt and client.crt, each with its .key, in $(pwd)"
