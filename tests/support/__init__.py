"""What tests are made of: repositories, folders, databases, real tools."""
