# One target for each stand-in; stand_ins.py names those that the recipes need.
target "_all" {
  output = ["type=docker"]
}

target "python-slim" {
  inherits = ["_all"]
  target   = "python-slim"
  tags     = ["python:3.13-slim"]
}

target "python-alpine" {
  inherits = ["_all"]
  target   = "python-alpine"
  tags     = ["python:3.13-alpine"]
}

target "postgres" {
  inherits = ["_all"]
  target   = "postgres"
  tags     = ["postgres:17"]
}
