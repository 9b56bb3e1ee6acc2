"""The meter's application, brought on a board over its serial port."""
