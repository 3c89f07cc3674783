"""The proof of headstart/fingerprint/newer: an app's statements, on schemas newer than the app."""
