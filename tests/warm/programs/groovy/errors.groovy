println 'before'
def inner() { throw new IllegalStateException('no good') }
try { inner() } catch (e) { println e.message }
inner()
