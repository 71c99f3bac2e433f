"""What differs between the two releases; everything else in the code is the same."""

import os

RELEASE = int(os.environ["RADAR_RELEASE"])
SCHEMA = {1: "0004", 2: "0005"}[RELEASE]
OPPORTUNITY_SCORE = {1: "score", 2: "priority"}[RELEASE]
PAPERS_HAVE_SCORES = RELEASE >= 2
