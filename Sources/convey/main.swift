print("convey")
