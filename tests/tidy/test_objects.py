"""How large an object and a function may be. What is larger has grown two tasks; each exception says why it has not."""

import pytest

import cpp_text
from test_tree import check, content, cpp, layer

MOST_METHODS = 30
MOST_MEMBERS = 20
MOST_FUNCTION_LINES = 60

# Name of the class -> why it may be larger.
LARGER_CLASSES = {
    "SqlInfo": "plain values: what one server says of itself, a field for each variable and column",
    "Session": "one client from accept to close: its eight states share two sockets, one deadline and the cache lines that a cut touches",
}

# "file: beginning of the head" -> why it may be longer.
LONGER_FUNCTIONS = {
    "health/model/reason.cpp: std::string_view to_string(Reason": "a line for each reason",
    "health/model/reason.cpp: std::string_view describe(Reason": "a line for each reason",
}


def product():
    return [name for name in cpp() if layer(name)]


def parsed(name):
    return cpp_text.blocks_of(content(name).decode())


def test_classes():
    bad = []
    for name in product():
        for block in cpp_text.walk(parsed(name)):
            if not cpp_text.is_class(block) or cpp_text.class_name(block) in LARGER_CLASSES:
                continue
            methods, data = cpp_text.members_of(block)
            if len(methods) > MOST_METHODS or len(data) > MOST_MEMBERS:
                bad.append(f"{name}:{block.begin}: {cpp_text.class_name(block)} has {len(methods)} methods and {len(data)} members")
    check(bad)


def test_functions():
    bad = []
    for name in product():
        for block in cpp_text.functions_of(parsed(name)):
            lines = block.end - block.begin + 1
            allowed = any(f"{name}: {block.head}".startswith(known) for known in LONGER_FUNCTIONS)
            if lines > MOST_FUNCTION_LINES and not allowed:
                bad.append(f"{name}:{block.begin}: {lines} lines: {block.head}")
    check(bad)


@pytest.mark.parametrize("text, methods, members", [
    ("class A {\n public:\n  A();\n  int f() const { return g(1); }\n  std::function<void(int)> done_;\n  int x_ = f(2);\n};", 2, 2),
    ("struct B final : A {\n  enum class E { a, b } e_ = E::a;\n  struct In { int a; };\n  using T = int;\n  static constexpr int n = 3;\n"
     "  std::vector<int> v{1, 2};\n  virtual ~B() = default;\n};", 1, 2),
])
def test_what_is_counted(text, methods, members):
    (block,) = [one for one in cpp_text.walk(cpp_text.blocks_of(text)) if cpp_text.is_class(one) and "In" not in one.head]
    found = cpp_text.members_of(block)
    assert (len(found[0]), len(found[1])) == (methods, members), found


def test_what_is_a_function():
    text = 'namespace a {\nint f(\n    int x) {\n  if (x) {\n    return 1;\n  }\n  return "}";\n}\nconst auto l = [](int) {\n  return 1;\n};\n}\n'
    (function,) = list(cpp_text.functions_of(cpp_text.blocks_of(text)))
    assert (function.begin, function.end, function.head) == (2, 8, "int f( int x)")
