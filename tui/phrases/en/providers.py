"""Providers and their keys, as far as no command is concerned."""

PHRASES: dict[str, str] = {
    "unknown": "There is no provider “{name}”; nothing was sent.",
    "elsewhere": "a HolySheep key is never sent to {host}; set another base_url, or another key for that provider.",
    "key_missing_register": "No key for {provider}: {variable} is not set, and none is stored. Nothing was sent.\n"
    "Do: export {variable}='your-key-here' (a key comes from {register}), or `unbroken keys set`, "
    "or `unbroken --local` without any key.",
    "key_missing": "No key for {provider}: {variable} is not set, and none is stored. Nothing was sent.\n"
    "Do: export {variable}='your-key-here', or `unbroken keys set {provider}`.",
    "key_missing_stored": "No key for {provider}. Nothing was sent.\nDo: `unbroken keys set {provider}`.",
    "key_form": "The key has another form than HolySheep's documents show (hs_ and at least 32 letters or digits). "
    "It is used as it is.",
    "key_empty": "it is empty",
    "key_long": "it is longer than {limit} characters",
    "key_letters": "it has white space, control characters or letters beyond ASCII in it",
    "bad_key": "The key from {source} cannot be used: {reason}. Nothing was sent.",
    "from_variable": "the variable {variable}",
    "from_command": "api_key_command",
    "from_file": "the keys file",
    "command_start": "api_key_command could not be started: {reason}. Nothing was sent.",
    "command_slow": "api_key_command gave no key within {limit} s and was stopped. Nothing was sent.",
    "command_status": "api_key_command failed with status {status}. Nothing was sent; run it by hand to see why.",
    "command_empty": "api_key_command printed nothing. Nothing was sent.",
    "file_open_to_others": "{file} was readable by others; it no longer is. Consider replacing the keys in it.",
    "file_unreadable": "{file} cannot be read: {reason}. It stays as it is.",
    "file_unwritable": "{file} cannot be written: {reason}. The keys in it stay as they are.",
    "file_broken": "{file} is not a keys file, and stays as it is. Move it away, then `unbroken keys set`.",
}
