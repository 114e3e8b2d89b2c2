print("after the mark", __file__)
