WHAT = "its own"
