"""What each command does. A command reads its options, calls an action, and shows what came of it."""
