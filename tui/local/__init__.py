"""The embedded model: its weights, and the real llama.cpp server as a child process."""
