"""Which methods of pigpio no program here calls."""

import ast
import pathlib

import pigpio
from steps import step

called = set()
for program in pathlib.Path(__file__).parent.glob("pigpio_*.py"):
    for node in ast.walk(ast.parse(program.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            called.add(node.func.attr)
methods = {name for name in dir(pigpio.pi) if not name.startswith("_") and callable(getattr(pigpio.pi, name))}
step("methods", [len(methods), sorted(methods - called)])
