# SPDX-License-Identifier: MIT
"""What tools/report is made of: results are read and compared, then written as HTML or Markdown."""
