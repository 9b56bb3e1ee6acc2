"""What the CometBFT engine is made of: the ABCI server, the application behind it, the node's files and its process."""
