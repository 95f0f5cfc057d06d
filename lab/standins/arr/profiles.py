def install(service): pass
