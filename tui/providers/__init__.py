"""What is known of providers and models: catalog.toml, prices, what resuming they take, keys."""
