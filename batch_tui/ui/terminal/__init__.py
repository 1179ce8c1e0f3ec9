"""The process and its terminal: driver, signals, title, clipboard, notifications, the last words after a crash."""
