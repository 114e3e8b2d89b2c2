print time - $^T, "\n";
