"""What a gesture means: from the window's gestures to edits, requests and files. No Qt."""
