"""C++ as far as tests/tidy reads it: no comments, no strings, and where classes and functions begin and end. No compiler: it knows
this tree's style, and takes a macro for what it looks like."""

import re
from dataclasses import dataclass, field


def without_comments_and_strings(text):
    """The same number of lines; comments are blanks, strings and characters are empty."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.DOTALL)

    def replaced(match):
        kept = '""' if match[0][0] in "\"'R" else " "
        return kept + "\n" * match[0].count("\n")

    text = pattern.sub(replaced, re.sub(r"(?<=\d)'(?=\d)", "", text))
    return re.sub(r"^\s*#.*(?:\\\n.*)*", "", text, flags=re.MULTILINE)


@dataclass
class Block:
    """What stands in braces: its head is the text before them, since the last statement."""
    head: str
    begin: int                     # line of the head's first word
    end: int = 0
    text: str = ""                 # of the body, without the bodies of blocks in it
    blocks: list = field(default_factory=list)


def blocks_of(text):
    """The outermost blocks of a file, each with those in it."""
    text = without_comments_and_strings(text)
    root = Block("", 1)
    stack, head, line, head_line = [root], "", 1, 1
    for char in text:
        if char == "{":
            block = Block(" ".join(head.split()), head_line)
            stack[-1].blocks.append(block)
            stack[-1].text += "{}"
            stack.append(block)
            head = ""
        elif char == "}" and len(stack) > 1:
            stack[-1].end = line
            stack.pop()
            head = ""
        else:
            stack[-1].text += char
            if not head.strip() and not char.isspace():
                head_line = line
            head = "" if char == ";" else head + char
        line += char == "\n"
    return root


def walk(block):
    for inner in block.blocks:
        yield inner
        yield from walk(inner)


def is_class(block):
    return re.match(r"(template <[^{]*> )?(class|struct|union) (alignas\([^)]*\) )?\w+(::\w+)*( final)?( :.*)?$", block.head) is not None


def is_scope(block):
    return block.head.startswith(("namespace", "extern")) or is_class(block)


def class_name(block):
    return re.search(r"(?:class|struct|union) (?:alignas\([^)]*\) )?([\w:]+)", block.head)[1]


def without_template_arguments(text):
    while (shorter := re.sub(r"<[^<>]*>", "", text)) != text:
        text = shorter
    return text


def members_of(block):
    """(methods, data members) of a class, as texts."""
    body = re.sub(r"\b(public|private|protected):", " ", block.text)
    body = re.sub(r"\b(struct|class|union|enum)\b[^;{(]*\{\}", "", body)   # nested types; what follows may be a member of that type
    methods, data = [], []
    for statement in re.split(r";|(?<=\)) *(?:const|override|final|noexcept)* *\{\}", body):
        statement = " ".join(statement.split())
        if not statement or re.match(r"(using|friend|typedef|static_assert|static constexpr|template|enum|struct|class)\b", statement):
            continue
        plain = without_template_arguments(statement)
        (methods if "(" in re.split(r"=|\{\}", plain, maxsplit=1)[0] else data).append(statement)
    return methods, data


def functions_of(root):
    """Blocks that are functions at the level of a namespace or a class, with the line in which each begins and ends."""
    def inside(block):
        for inner in block.blocks:
            if is_scope(inner):
                yield from inside(inner)
            elif "(" in inner.head and "=" not in inner.head.split("(")[0]:
                yield inner
    yield from inside(root)
