"""Preference pairs of our own: reasoning about small functions, and the same reasoning made worse.

Problems are written as HumanEval writes them. Each good reasoning is degraded along one of the dimensions of P-GRPO's
rubric (arXiv 2508.05170): what it says is false, or steps are missing, or it does not hang together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Problem:
    """idea: how it is done. edge: what is easily missed. cost: its complexity. wrong: a false claim about it."""

    signature: str
    doc: str
    idea: str
    edge: str
    cost: str
    wrong: str

    @property
    def prompt(self) -> str:
        return f'def {self.signature}:\n    """{self.doc}"""\n'


PROBLEMS = [
    Problem(
        "has_close_elements(numbers, threshold)",
        "Tell whether any two numbers are closer to each other than the threshold.",
        "sort the numbers, so that the closest two become neighbours, and compare each with the next",
        "a list of one number has no pair, so the answer is False",
        "sorting takes O(n log n) and the scan O(n)",
        "only the first and the last number need to be compared",
    ),
    Problem(
        "running_maximum(numbers)",
        "Return the list of maxima of all prefixes.",
        "keep the largest value seen so far and append it after each number",
        "the largest value starts as the first number and not as 0, or negative lists come out wrong",
        "one pass, O(n)",
        "the maximum of a prefix may fall when a smaller number follows",
    ),
    Problem(
        "is_palindrome(text)",
        "Tell whether a text reads the same backwards.",
        "compare the characters from both ends and move inwards until the two places meet",
        "the empty text and one character are palindromes",
        "at most n / 2 comparisons, O(n)",
        "a text of even length can never be a palindrome",
    ),
    Problem(
        "count_vowels(text)",
        "Count the vowels in a text, in either case.",
        "lower the text and count the characters that are in the set a, e, i, o, u",
        "capital letters count too, and the empty text has none",
        "one pass with a set lookup each, O(n)",
        "y is always a vowel and capital letters are not",
    ),
    Problem(
        "greatest_common_divisor(a, b)",
        "Return the greatest common divisor of two integers.",
        "replace the pair (a, b) by (b, a mod b) until b is 0; a is the divisor then",
        "if one of them is 0 the other is the answer",
        "the remainders shrink by half every two steps, O(log min(a, b))",
        "the divisor is the product of both divided by two",
    ),
    Problem(
        "remove_duplicates(items)",
        "Return the items in their order, each only once.",
        "walk through the items, keep a set of those seen, and append an item only if it is new",
        "the order of first appearance must stay, so that set(items) alone will not do",
        "O(n) with a set, where a list would take O(n²)",
        "sets in Python keep the order in which items were added",
    ),
    Problem(
        "is_prime(n)",
        "Tell whether n is a prime number.",
        "try to divide n by each number from 2 up to its square root",
        "numbers below 2 are not prime",
        "O(√n) divisions, since a divisor above the root has a partner below",
        "every odd number above 1 is prime",
    ),
    Problem(
        "reverse_words(sentence)",
        "Reverse the order of the words in a sentence.",
        "split at white space, reverse the list and join it with single spaces",
        "several spaces in a row must not make empty words, which split without an argument takes care of",
        "O(n) in the characters",
        "reversing all the characters of the sentence gives the words in reverse order",
    ),
    Problem(
        "binary_search(items, target)",
        "Return the index of the target in a sorted list, or -1.",
        "keep two bounds, look in the middle, and move the bound on the side where the target cannot be",
        "the loop must end when the bounds cross, and an empty list gives -1",
        "the range halves each time, O(log n)",
        "the list need not be sorted for the halves to be right",
    ),
    Problem(
        "merge_sorted(a, b)",
        "Merge two sorted lists into one.",
        "keep a place in each list, take the smaller head until one list is used up, then append the rest of the other",
        "either list may be empty, and equal heads may be taken from either",
        "each item is taken once, O(n + m)",
        "appending b to a keeps the result sorted as both are sorted",
    ),
    Problem(
        "factorial(n)",
        "Return n factorial.",
        "multiply the numbers from 2 to n, starting from 1",
        "the factorial of 0 is 1, which the empty product gives",
        "n - 1 multiplications, O(n)",
        "the factorial of 0 is 0, as anything times 0 is 0",
    ),
    Problem(
        "most_common(items)",
        "Return the item that appears most often; the first of them if several do.",
        "count with a dictionary, then take the key with the highest count, in the order of first appearance",
        "max returns the first of equal keys, and dictionaries keep the order of insertion, so ties come out right",
        "O(n) for counting and for the maximum",
        "the most common item is the one in the middle of the list",
    ),
    Problem(
        "flatten(lists)",
        "Join a list of lists into one list.",
        "go through the outer list and extend the result by each inner list",
        "inner lists may be empty and add nothing",
        "every item is copied once, O(n) in the items",
        "adding lists with plus in a loop is linear as lists are joined in place",
    ),
    Problem(
        "second_largest(numbers)",
        "Return the second largest distinct number, or None.",
        "keep the largest and the second largest, and update both in one pass while skipping equal values",
        "a list whose numbers are all equal has no second one, so None",
        "one pass, O(n), against O(n log n) for sorting",
        "it is always the number before the last in the list as given",
    ),
    Problem(
        "char_frequency(text)",
        "Return how often each character appears.",
        "walk through the text and add 1 to the count of each character in a dictionary, from 0 where it is new",
        "the empty text gives an empty dictionary",
        "O(n), with a dictionary lookup for each character",
        "strings can be used as counters since they are mutable",
    ),
    Problem(
        "is_anagram(a, b)",
        "Tell whether two words have the same letters.",
        "count the letters of both and compare the counts",
        "different lengths can never be anagrams, which the counts also show",
        "O(n + m) with counts; sorting both would take O(n log n)",
        "two words with the same set of letters are always anagrams, however often each appears",
    ),
    Problem(
        "rotate_left(items, k)",
        "Rotate a list to the left by k places.",
        "cut the list at k and put the first part behind the second",
        "k may be larger than the list, so take it modulo the length, and an empty list must not divide by 0",
        "slicing copies each item once, O(n)",
        "rotating by k is the same as reversing the list k times",
    ),
    Problem(
        "sum_of_digits(n)",
        "Return the sum of the decimal digits of an integer.",
        "take the absolute value, write it as text and add up the digits as numbers",
        "a negative number has a sign that is no digit",
        "O(d) for d digits",
        "the sum of the digits is n modulo 10",
    ),
    Problem(
        "fibonacci(n)",
        "Return the n-th Fibonacci number, from 0.",
        "keep the last two numbers and replace them by the second and their sum, n times",
        "for 0 and 1 the loop gives the number itself without a special case",
        "O(n) additions, where plain recursion would take exponential time",
        "plain recursion is linear because each call does one addition",
    ),
    Problem(
        "longest_word(text)",
        "Return the longest word; the first of them if several are as long.",
        "split the text and take the maximum by length",
        "max keeps the first of equal lengths, and a text without words gives the empty string",
        "one pass over the words, O(n)",
        "comparing words with greater-than compares their lengths",
    ),
    Problem(
        "transpose(matrix)",
        "Turn rows into columns.",
        "zip the rows together and turn each tuple into a list",
        "a matrix without rows stays empty",
        "every cell is visited once, O(rows × columns)",
        "a transposed matrix has the same number of rows as before whatever its shape",
    ),
    Problem(
        "balanced(brackets)",
        "Tell whether every bracket is closed in the right order.",
        "push opening brackets on a stack, and for each closing one pop and compare",
        "a closing bracket with an empty stack is wrong, and so is a stack that is not empty at the end",
        "one pass, O(n)",
        "it is enough that there are as many opening as closing brackets",
    ),
    Problem(
        "clamp(x, low, high)",
        "Limit x to the range from low to high.",
        "take the larger of x and low, then the smaller of that and high",
        "at either bound the value stays the bound itself",
        "two comparisons, O(1)",
        "the minimum of x and low keeps x above low",
    ),
    Problem(
        "common_prefix(words)",
        "Return the longest prefix that all words share.",
        "take the shortest and compare character by character across all words until one differs",
        "no words, or an empty word among them, give the empty prefix",
        "O(s) in the characters compared",
        "the first two words alone decide the prefix of all of them",
    ),
]


def good(p: Problem) -> str:
    return (
        f"We need {p.doc[0].lower()}{p.doc[1:]} The plan is to {p.idea}. "
        f"Before writing it down, the edge cases: {p.edge}. "
        f"As to the cost: {p.cost}. That follows from the steps, so the function can be written as planned."
    )


def degraded(p: Problem) -> dict[str, str]:
    """By dimension. Two are about as long as the good one, or longer: length alone must not tell."""
    return {
        "factual accuracy": (
            f"We need {p.doc[0].lower()}{p.doc[1:]} The plan rests on one thing: {p.wrong}. "
            "Before writing it down, the edge cases: there are none, since every input is treated alike. "
            f"As to the cost: {p.wrong}, so it takes no time whatever the input. That follows at once."
        ),
        "logical rigor": (
            f"{p.doc} I think I have seen this one. Just do the usual thing and return the result. It should work, "
            "probably, so there is no need to look at special inputs. Done."
        ),
        "coherence": (
            f"So, hmm, {p.idea}. No wait, that is wrong. Or is it? Let me start again. {p.idea}. Hmm, no. Anyway, "
            f"{p.edge}. But that has nothing to do with it. Let me start again. Let me start again. I like trains. "
            f"{p.idea}. No. Or maybe. {p.cost}, or the other way round, who knows. Fine."
        ),
    }


def rows(problems: list[Problem]) -> list[dict[str, Any]]:
    """Pairs in RewardBench's fields."""
    return [
        {"prompt": p.prompt, "chosen": good(p), "rejected": text, "subset": dimension}
        for p in problems
        for dimension, text in degraded(p).items()
    ]
