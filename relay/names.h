/* names: files in the data directory. */
#pragma once

#define KEY_FILE_RSA     "actor-rsa.pem"
#define KEY_FILE_ED25519 "actor-ed25519.pem"
#define JOURNAL_FILE     "journal-id"
