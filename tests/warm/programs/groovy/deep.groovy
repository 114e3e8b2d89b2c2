def deep(n) { 1 + deep(n) }
try { deep(1) } catch (StackOverflowError e) { println 'too deep' }
