"""Every fixed limit on models and data, in one place.

A model at all of these limits still runs in about ten seconds and a gigabyte. The limits on size
and work guard against untrusted files; if you trust a large model, set ``SDSIM_LARGE=1`` in the
environment, which multiplies them by 20.
"""

from __future__ import annotations

import os

VARIABLE = "SDSIM_LARGE"
#: The factor applied to limits on size and work.
TIMES = 20 if os.environ.get(VARIABLE, "") not in ("", "0") else 1
#: The advice that ends an error about size or work.
TRUSTED = f"or set {VARIABLE}=1 if you trust the file"

# --- text -------------------------------------------------------------------------------------
MODEL_BYTES = 32 << 20
NAME = 500  # characters
EQUATION = 100_000  # characters of one equation
NESTING = 100  # parentheses within parentheses
EQUATIONS = 30_000 * TIMES  # entries in a file, with modules and macros expanded
MACRO_DEPTH = 20  # nesting of macro calls and of modules
READ_SECONDS = 6.0  # processor seconds to read equations, plus
READ_SECONDS_EACH = 0.01  # this much for each equation

# --- XML --------------------------------------------------------------------------------------
XML_DEPTH = 100  # elements within elements
XML_ELEMENTS = 500_000 * TIMES
XML_TEXT = 4_000_000  # characters in one element or attribute
XML_ATTRIBUTES = 1_000  # of one element

# --- size -------------------------------------------------------------------------------------
RANGE = 100_000  # elements of one subscript range
ELEMENTS = 100_000 * TIMES  # of all variables, with delays expanded to stocks
TERMS = 100_000  # elements that one SUM runs over
OPERATIONS = 500_000 * TIMES  # in the program
TABLE_POINTS = 500_000 * TIMES  # in all lookups and data series
ORDER = 1_000  # stages of one delay

# --- a run ------------------------------------------------------------------------------------
STEPS = 50_000_000
WORK = 3_000_000_000 * TIMES  # operations in all steps of one run
KEPT_NUMBERS = 50_000_000 * TIMES  # kept by fixed delays and functions of time
SAVED_POINTS = 1_000_000 * TIMES  # times at which one run saves
SAVED_NUMBERS = 10_000_000 * TIMES

# --- data beside a model ----------------------------------------------------------------------
DATA_BYTES = 16 << 20  # one file read by a model or preset
UNPACKED_BYTES = 64 << 20  # an .xlsx once unpacked
UNPACKED_FILES = 2_000  # in an .xlsx
CELLS = 1_000_000 * TIMES  # non-empty cells in one sheet
WALKED = 10_000_000 * TIMES  # cells of an .xlsx, including empty ones
ROWS = 1_048_576  # as in Excel
COLUMNS = 20_000
TOML_BYTES = 2_000_000  # a preset, spec or claim
TABLE_BYTES = 128 << 20 if TIMES == 1 else 4 << 30  # saved runs, references, tables of designs
TABLE_NUMBERS = 20_000_000 * TIMES  # in one of them
