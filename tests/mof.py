#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A strict compiler of MOF, written from the specification alone, to judge what `cairn schema --mof` writes.

Debian has no MOF compiler. This one knows the grammar of classes, associations and qualifiers (no instances,
no indications), and the rules on them: what is used was declared before; qualifiers stand only in their scope,
with values of their type; overrides keep type and keys; associations have references, and only they; value maps
fit their type. `python3 mof.py FILE` compiles one; compile_text() gives the classes, all features resolved.
Source: DSP0004, CIM Infrastructure 2.8, sections 5.6 and 7, annex A.
"""
import re
import sys

INTEGERS = {f"{sign}int{bits}": (-(1 << bits - 1) if sign == "s" else 0, (1 << bits - (sign == "s")) - 1)
            for sign in "us" for bits in (8, 16, 32, 64)}
TYPES = set(INTEGERS) | {"boolean", "string", "char16", "datetime", "real32", "real64"}
META = {"schema", "class", "association", "indication", "qualifier", "property", "reference", "method",
        "parameter", "any"}
FLAVORS = {"enableoverride", "disableoverride", "restricted", "tosubclass", "translatable"}
# Annex A.2: no identifier may be one of these.
RESERVED = TYPES | META | FLAVORS | {"as", "false", "flavor", "instance", "null", "of", "pragma", "ref", "scope", "true"}
TOKEN = re.compile(r"""(?P<space>[ \t\r\n]+|//[^\n]*|/\*.*?\*/)
                     |(?P<string>"(?:[^"\\\r\n]|\\(?:[btnfr"'\\]|[xX][0-9a-fA-F]{1,4}))*")
                     |(?P<number>[+-]?(?:0[xX][0-9a-fA-F]+|[0-9]+)(?![0-9A-Za-z_.]))
                     |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
                     |(?P<sign>[][(){},;:=#$])""", re.X | re.S)
ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}


class MofError(Exception):
    """The text isn't MOF, or breaks a rule."""


class Feature:
    """A property, reference, parameter or method: name, type (of a reference the class's name), is_reference,
    is_array, qualifiers (lower-case name -> value), parameters (None: not a method), origin (a class's name)."""

    def __init__(self, name, kind, is_reference, is_array, qualifiers, parameters=None):
        self.name, self.type, self.is_reference, self.is_array = name, kind, is_reference, is_array
        self.qualifiers, self.parameters, self.origin = qualifiers, parameters, None

    def meta(self):
        return "method" if self.parameters is not None else "reference" if self.is_reference else "property"


class Class:
    """name, superclass (Class or None), qualifiers, own (Features), features (lower-case name -> Feature, all)."""

    def __init__(self, name, superclass, qualifiers):
        self.name, self.superclass, self.qualifiers = name, superclass, qualifiers
        self.own, self.features = [], dict(superclass.features) if superclass else {}

    def is_a(self, name):
        return self.name.lower() == name.lower() or bool(self.superclass and self.superclass.is_a(name))

    def keys(self):
        return [one for one in self.features.values() if one.qualifiers.get("key")]


class Tokens:
    """The text, token by token."""

    def __init__(self, text):
        self.tokens, self.at, place = [], 0, 0
        while place < len(text):
            match = TOKEN.match(text, place)
            if not match:
                raise MofError(f"line {text.count(chr(10), 0, place) + 1}: no token begins with {text[place:place + 20]!r}")
            if match.lastgroup != "space":
                self.tokens.append((match.lastgroup, match[0], text.count("\n", 0, place) + 1))
            place = match.end()
        self.tokens.append(("end", "the end", text.count("\n") + 1))

    def fail(self, message):
        raise MofError(f"line {self.tokens[self.at][2]}: {message}")

    def is_next(self, *words):
        return self.tokens[self.at][0] != "string" and self.tokens[self.at][1].lower() in words

    def take(self, *words):
        """The next token's text in lower case when it is one of WORDS, else None."""
        if not self.is_next(*words):
            return None
        self.at += 1
        return self.tokens[self.at - 1][1].lower()

    def want(self, *words):
        return self.take(*words) or self.fail(f"{self.tokens[self.at][1]!r} where {' or '.join(words)} should be")

    def identifier(self, may_be=()):
        kind, text, _ = self.tokens[self.at]
        if kind != "word" or (text.lower() in RESERVED and text.lower() not in may_be):
            self.fail(f"{text!r} where a name should be")
        self.at += 1
        return text

    def constant(self):
        """A string (of one or more pieces), number, boolean or null."""
        kind, text, _ = self.tokens[self.at]
        if kind == "string":
            value = ""
            while self.tokens[self.at][0] == "string":
                value += unquote(self.tokens[self.at][1])
                self.at += 1
            return value
        if kind == "number":
            self.at += 1
            return int(text, 0)
        return {"true": True, "false": False, "null": None}[self.want("true", "false", "null")]


def unquote(text):
    return re.sub(r"\\(?:[xX]([0-9a-fA-F]{1,4})|(.))",
                  lambda e: chr(int(e[1], 16)) if e[1] else ESCAPES.get(e[2], e[2]), text[1:-1])


class Compiler:
    """One run. namespaces: name -> {lower-case class name -> Class}."""

    def __init__(self, text):
        self.tokens, self.namespaces = Tokens(text), {}
        self.classes, self.declared = {}, {}

    def fail(self, message):
        self.tokens.fail(message)

    def compile(self):
        while self.tokens.tokens[self.tokens.at][0] != "end":
            if self.tokens.take("#"):
                self.pragma()
            elif self.tokens.take("qualifier"):
                self.qualifier_declaration()
            else:
                self.class_declaration()
        return self.namespaces

    def pragma(self):
        self.tokens.want("pragma")
        if self.tokens.identifier().lower() != "namespace":
            self.fail("only #pragma namespace is understood")
        self.tokens.want("(")
        name = self.tokens.constant()
        self.tokens.want(")")
        if not isinstance(name, str) or name in self.namespaces:
            self.fail(f"namespace {name!r} is none, or the second of that name")
        self.classes, self.declared = {}, {}
        self.namespaces[name] = self.classes

    # ---- qualifiers ----

    def qualifier_declaration(self):
        tokens = self.tokens
        name = tokens.identifier(may_be=("association",)).lower()
        tokens.want(":")
        kind, is_array, default = tokens.want(*TYPES), self.array(), None
        if tokens.take("="):
            default = self.check_value(name, kind, is_array, self.value(is_array))
        tokens.want(",")
        tokens.want("scope")
        scope = self.words(META)
        flavors = {"enableoverride", "tosubclass"}
        if tokens.take(","):
            tokens.want("flavor")
            flavors = self.words(FLAVORS)
            if {"enableoverride", "disableoverride"} <= flavors or {"restricted", "tosubclass"} <= flavors:
                self.fail(f"qualifier {name}: flavors that exclude one another")
        tokens.want(";")
        if name in self.declared:
            self.fail(f"qualifier {name} is declared twice")
        self.declared[name] = (kind, is_array, default, scope, flavors)

    def words(self, known):
        self.tokens.want("(")
        found = {self.tokens.want(*known)}
        while self.tokens.take(","):
            found.add(self.tokens.want(*known))
        self.tokens.want(")")
        return found

    def value(self, is_array):
        if not is_array:
            return self.tokens.constant()
        self.tokens.want("{")
        values = [self.tokens.constant()]
        while self.tokens.take(","):
            values.append(self.tokens.constant())
        self.tokens.want("}")
        return values

    def check_value(self, name, kind, is_array, value):
        for one in value if is_array else [value]:
            good = (one is None or kind == "boolean" and isinstance(one, bool) or kind == "string" and isinstance(one, str)
                    or kind in INTEGERS and type(one) is int and INTEGERS[kind][0] <= one <= INTEGERS[kind][1])
            if not good:
                self.fail(f"qualifier {name}: {one!r} is no {kind}")
        return value

    def qualifier_list(self):
        """[...] -> {lower-case name: value}, in their order."""
        found, tokens = {}, self.tokens
        if not tokens.take("["):
            return found
        while True:
            name = tokens.identifier(may_be=("association",)).lower()
            if name not in self.declared:
                self.fail(f"qualifier {name} isn't declared")
            kind, is_array, _, _, _ = self.declared[name]
            if tokens.is_next("{") and is_array:
                value = self.value(True)
            elif tokens.is_next("(") and not is_array:
                tokens.want("(")
                value = tokens.constant()
                tokens.want(")")
            elif kind == "boolean" and not is_array:
                value = True
            else:
                self.fail(f"qualifier {name} needs a value {'in braces' if is_array else 'in parentheses'}")
            if name in found:
                self.fail(f"qualifier {name} is given twice")
            found[name] = self.check_value(name, kind, is_array, value)
            if tokens.take("]"):
                return found
            tokens.want(",")

    def check_scope(self, qualifiers, meta, owner):
        for name in qualifiers:
            if not {meta, "any"} & self.declared[name][3]:
                self.fail(f"{owner}: qualifier {name} doesn't belong to a {meta}")

    def inherit_qualifiers(self, feature, above):
        """Those of ABOVE that go to what overrides it, and can't be changed if declared so."""
        for name, value in above.qualifiers.items():
            flavors = self.declared[name][4]
            if "restricted" in flavors:
                continue
            if "disableoverride" in flavors and feature.qualifiers.get(name, value) != value:
                self.fail(f"{feature.name}: qualifier {name} can't be overridden")
            feature.qualifiers.setdefault(name, value)

    # ---- classes ----

    def array(self):
        if not self.tokens.take("["):
            return False
        if self.tokens.tokens[self.tokens.at][0] == "number":
            self.tokens.at += 1
        self.tokens.want("]")
        return True

    def known_class(self, name):
        return self.classes.get(name.lower()) or self.fail(f"class {name} isn't defined")

    def class_declaration(self):
        tokens = self.tokens
        qualifiers = self.qualifier_list()
        tokens.want("class")
        name = tokens.identifier()
        superclass = self.known_class(tokens.identifier()) if tokens.take(":") else None
        meta = "association" if qualifiers.get("association") else "class"
        if "association" in qualifiers and list(qualifiers)[0] != "association":
            self.fail(f"{name}: Association isn't the first qualifier")
        if not re.fullmatch(r"[A-Za-z0-9]+_\w+", name):
            self.fail(f"{name}: a class's name has a schema's name, an underscore and more")
        if name.lower() in self.classes:
            self.fail(f"class {name} is defined twice")
        self.check_scope(qualifiers, meta, name)
        self.check_superclass(name, qualifiers, superclass)
        made = Class(name, superclass, qualifiers)
        tokens.want("{")
        while not tokens.take("}"):
            self.add_feature(made, self.feature(made))
        tokens.want(";")
        self.check_class(made)
        self.classes[name.lower()] = made

    def check_superclass(self, name, qualifiers, superclass):
        if not superclass:
            return
        if bool(qualifiers.get("association")) != bool(superclass.qualifiers.get("association")):
            self.fail(f"{name}: only one of it and {superclass.name} is an association")
        if qualifiers.get("abstract") and not superclass.qualifiers.get("abstract"):
            self.fail(f"{name} is abstract, below {superclass.name}, which isn't")

    def check_class(self, made):
        references = [one for one in made.features.values() if one.is_reference and one.meta() == "reference"]
        if made.qualifiers.get("association") and len(references) < 2:
            self.fail(f"{made.name} is an association of {len(references)} references")
        if references and not made.qualifiers.get("association"):
            self.fail(f"{made.name} has references and is no association")
        if made.qualifiers.get("dynamic") and (made.qualifiers.get("abstract") or not made.keys()):
            self.fail(f"{made.name} has instances, and is abstract or has no keys")

    # ---- features ----

    def data_type(self):
        """(type, is_reference)"""
        kind = self.tokens.take(*TYPES)
        if kind:
            return kind, False
        name = self.known_class(self.tokens.identifier()).name
        self.tokens.want("ref")
        return name, True

    def feature(self, made):
        tokens = self.tokens
        qualifiers = self.qualifier_list()
        kind, is_reference = self.data_type()
        name = tokens.identifier()
        if tokens.take("("):
            if is_reference:
                self.fail(f"{name}: a method can't return a reference")
            parameters = self.parameters()
            feature = Feature(name, kind, False, False, qualifiers, parameters)
        else:
            feature = Feature(name, kind, is_reference, not is_reference and self.array(), qualifiers)
        tokens.want(";")
        self.check_scope(qualifiers, feature.meta(), f"{made.name}.{name}")
        self.check_feature(feature)
        return feature

    def parameters(self):
        found, tokens = [], self.tokens
        if tokens.take(")"):
            return found
        while True:
            qualifiers = self.qualifier_list()
            kind, is_reference = self.data_type()
            parameter = Feature(tokens.identifier(), kind, is_reference, self.array(), qualifiers)
            self.check_scope(qualifiers, "parameter", parameter.name)
            self.check_feature(parameter)
            if not qualifiers.get("in", True) and not qualifiers.get("out"):
                self.fail(f"{parameter.name} goes neither in nor out")
            if parameter.name.lower() in (one.name.lower() for one in found):
                self.fail(f"{parameter.name} is there twice")
            found.append(parameter)
            if tokens.take(")"):
                return found
            tokens.want(",")

    def check_feature(self, feature):
        qualifiers = feature.qualifiers
        if "embeddedinstance" in qualifiers:
            self.known_class(qualifiers["embeddedinstance"])
        if feature.type != "string" and {"embeddedinstance", "maxlen"} & set(qualifiers):
            self.fail(f"{feature.name}: only a string is of a length or holds an instance")
        if qualifiers.get("key") and feature.is_array:
            self.fail(f"{feature.name}: an array can't be a key")
        if ("values" in qualifiers) != ("valuemap" in qualifiers):
            self.fail(f"{feature.name}: ValueMap without Values, or the other way round")
        if "valuemap" in qualifiers:
            self.check_value_map(feature)

    def check_value_map(self, feature):
        values, texts = feature.qualifiers["valuemap"], feature.qualifiers["values"]
        taken, is_open = [], False
        if len(values) != len(texts):
            self.fail(f"{feature.name}: {len(values)} values, {len(texts)} texts")
        if feature.type not in INTEGERS:
            return
        least, most = INTEGERS[feature.type]
        for value in values:
            match = re.fullmatch(r"(-?\d+)?(\.\.)?(?(2)(-?\d+)?)", value)
            if not match or not value or (value == ".." and is_open):
                self.fail(f"{feature.name}: {value!r} in its ValueMap")
            if value == "..":
                is_open = True
                continue
            first = int(match[1]) if match[1] else least
            last = first if not match[2] else int(match[3]) if match[3] else most
            if not least <= first <= last <= most or any(first <= b and a <= last for a, b in taken):
                self.fail(f"{feature.name}: {value!r} in its ValueMap is out of range, or there already")
            taken.append((first, last))

    def add_feature(self, made, feature):
        above = made.superclass.features.get(feature.name.lower()) if made.superclass else None
        override = feature.qualifiers.get("override")
        where = f"{made.name}.{feature.name}"
        if feature.name.lower() in (one.name.lower() for one in made.own):
            self.fail(f"{where} is there twice")
        if (override is not None) != (above is not None) or above and override.lower() != above.name.lower():
            self.fail(f"{where} has Override {override!r}, and {'' if above else 'nothing '}of that name is inherited")
        if feature.qualifiers.get("key") and made.superclass and made.superclass.keys():
            self.fail(f"{where} is a key, and {made.superclass.name} has some already")
        if above:
            self.check_override(where, feature, above)
        feature.origin = made.name
        made.own.append(feature)
        made.features[feature.name.lower()] = feature

    def check_override(self, where, feature, above):
        if feature.meta() != above.meta() or feature.is_array != above.is_array:
            self.fail(f"{where} overrides something of another kind")
        if feature.type != above.type and not (feature.is_reference and self.known_class(feature.type).is_a(above.type)):
            self.fail(f"{where} is a {feature.type} and overrides a {above.type}")
        if feature.parameters is not None:
            mine, theirs = ([(one.name.lower(), one.type, one.is_array) for one in method.parameters]
                            for method in (feature, above))
            if mine != theirs:
                self.fail(f"{where} has other parameters than what it overrides")
        self.inherit_qualifiers(feature, above)


def compile_text(text):
    """{namespace: {lower-case class name: Class}}; MofError."""
    return Compiler(text).compile()


if __name__ == "__main__":
    try:
        with open(sys.argv[1], encoding="utf-8") as mof:
            for namespace, classes in compile_text(mof.read()).items():
                print(f"{namespace}: {len(classes)} classes")
    except MofError as mistake:
        sys.exit(f"{sys.argv[1]}: {mistake}")
