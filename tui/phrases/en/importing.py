"""What is said of a document that is imported."""

PHRASES: dict[str, str] = {
    "untouched": "The journal was not changed.",
    "do": "Take the document that `unbroken history export --format json` wrote, whole.",
    "cut": "The document ends too early, at character {at}, after {count} whole conversations.",
    "not_json": "The document is not JSON at character {at}, after {count} whole conversations.",
    "foreign": "The document is not an export of unbroken.",
    "newer": "The document is of version {version}; this unbroken knows versions up to {known}.",
    "wrong_field": "The document has something else than an export there: {where}.",
    "read": "Read {percent} % ({megabytes} MB).",
    "indexing": "Imported. Making it searchable …",
    "indexed": "Searchable: {percent} %.",
    "done": "New: conversations {conversations}, turns {turns}, replies {replies}. The rest was there already.",
}
