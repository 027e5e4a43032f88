"""One screen a file; a screen shows, asks the app for what it needs, and knows no other screen's inside."""
