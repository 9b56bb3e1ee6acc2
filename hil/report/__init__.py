"""How people and CI see a judgement: lines, JUnit XML, one HTML file."""
