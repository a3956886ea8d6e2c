"""myproject, a service over HTTP."""
