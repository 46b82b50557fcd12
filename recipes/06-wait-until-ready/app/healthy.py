"""Exit with 0 if the web service answers without an error, else with 1."""

import urllib.request

urllib.request.urlopen("http://127.0.0.1:5000/", timeout=14)
