"""The cast: what plays Keystone, identity providers and services, and writes down what it is asked."""
