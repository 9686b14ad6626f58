print("usage: aether-app-torture")
