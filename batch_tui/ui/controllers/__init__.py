"""What carries messages between engine and panes, one module for each thing that goes on. They draw nothing."""
