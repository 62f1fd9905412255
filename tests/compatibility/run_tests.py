"""Runs the published package's own end-to-end tests, found in the working folder."""

import sys
import unittest

sys.path.insert(0, ".")
unittest.main(module=None, argv=["run_tests", "-v", "tests.test_server.TestServerInferenceAccuracy"])
