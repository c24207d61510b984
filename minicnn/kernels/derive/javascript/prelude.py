"""What JavaScript lacks and a written-out loop needs: name -> JavaScript, in an order in which a line needs only those above it."""

PRELUDE = {
    "at2": "const at2 = (array, i, j) => i * array.shape[1] + j;",
    "at3": "const at3 = (array, i, j, k) => at2(array, i, j) * array.shape[2] + k;",
    "at4": "const at4 = (array, i, j, k, l) => at3(array, i, j, k) * array.shape[3] + l;",
    "at5": "const at5 = (array, i, j, k, l, m) => at4(array, i, j, k, l) * array.shape[4] + m;",
    "at6": "const at6 = (array, i, j, k, l, m, n) => at5(array, i, j, k, l, m) * array.shape[5] + n;",
    "at7": "const at7 = (array, i, j, k, l, m, n, o) => at6(array, i, j, k, l, m, n) * array.shape[6] + o;",
    "at8": "const at8 = (array, i, j, k, l, m, n, o, p) => at7(array, i, j, k, l, m, n, o) * array.shape[7] + p;",
    "rounding": "const rounding = (array) => (array.data instanceof Float32Array ? Math.fround : (number) => number);",
    "mod": "const mod = (a, b) => (a % b === 0 ? 0 * Math.sign(b) : a % b < 0 !== b < 0 ? (a % b) + b : a % b);  // has the sign of b",
    "quotient": "const quotient = (a, b) => Math.round((a - mod(a, b)) / b);  // 9, and not 10, of 1 // 0.1",
    "max": "const max = (a, b) => (b > a ? b : a);  // of a number and NaN, the first",
    "min": "const min = (a, b) => (b < a ? b : a);",
    "power": """const power = (a, n, round = (number) => number) => {
  if (n < 0) return round(1 / power(a, -n, round));
  let result = 1;
  for (; n > 0; n >>= 1, a = round(a * a)) if (n & 1) result = round(result * a);
  return result;
};""",
}
