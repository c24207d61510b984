"""How the page looks: light and dark as its reader has it, from a phone to paper."""

STYLE = """
:root{color-scheme:light dark;--back:#ffffff;--text:#1f2328;--dim:#59636e;--line:#d8dee4;--soft:#f6f8fa;--accent:#0072b2;
--r1:#dbe9f4;--r2:#b3d3ea;--r3:#7fb6da;--r4:#2f86bd;--r5:#0072b2;--w1:#fbe3d2;--w2:#f7c6a3;--w3:#f0a270;--w4:#dd7425;--w5:#c05200;
--strong:#ffffff;--weak:#1f2328}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--text);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif}
main{max-width:60rem;margin:0 auto;padding:1rem 1rem 3rem}
h1{font-size:1.7rem;line-height:1.2;margin:.6rem 0 .3rem;overflow-wrap:anywhere}
h2{font-size:1.2rem;margin:2.2rem 0 .6rem;padding-top:.8rem;border-top:1px solid var(--line)}
h3{font-size:1rem;margin:1.2rem 0 .2rem}
h4{font-size:.9rem;margin:.8rem 0 0;color:var(--dim);font-weight:600}
p{margin:.4rem 0;max-width:46rem}
.lead{font-size:1.05rem}
nav{display:flex;flex-wrap:wrap;gap:.2rem 1rem;font-size:.9rem;margin:.6rem 0}
a{color:var(--accent)}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.2rem,1fr));gap:.6rem;margin:1rem 0}
.cards div{background:var(--soft);border:1px solid var(--line);border-radius:.5rem;padding:.5rem .7rem}
.cards dt{font-size:.8rem;color:var(--dim)}
.cards dd{margin:0;font-size:1.15rem;font-weight:600;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,19rem),1fr));gap:1rem}
figure{margin:.4rem 0}
figure svg{display:block;max-width:100%;height:auto}
.scroll{overflow-x:auto;margin:.6rem 0}
table{border-collapse:collapse;font-size:.87rem;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--dim);font-size:.85rem;padding:0 0 .4rem;caption-side:top}
th,td{padding:.22rem .6rem .22rem 0;text-align:left;vertical-align:top}
td,tbody th{white-space:nowrap}
thead th{border-bottom:1px solid var(--line);vertical-align:bottom;font-weight:600}
tbody th{font-weight:600}
tfoot th,tfoot td{border-top:1px solid var(--line);font-weight:600}
.pairs th{color:var(--dim);font-weight:400;padding-right:1.4rem;white-space:nowrap}
.pairs td{white-space:normal;overflow-wrap:anywhere;min-width:9rem}
.matrix td,.matrix th{padding:.2rem .3rem;text-align:right;border:1px solid var(--back)}
.matrix tbody th{text-align:left;padding-right:.6rem;position:sticky;left:0;background:var(--back)}
.matrix td{min-width:1.7rem;text-align:center}
.matrix thead th{text-align:center}
.matrix.turned thead th:not(:first-child) span{writing-mode:vertical-rl;transform:rotate(180deg);max-height:9rem}
.none{color:var(--dim)}
.r1{background:var(--r1)}.r2{background:var(--r2)}.r3{background:var(--r3);color:#000}.r4{background:var(--r4);color:#fff}.r5{background:var(--r5);color:#fff}
.w1{background:var(--w1)}.w2{background:var(--w2)}.w3{background:var(--w3);color:#000}.w4{background:var(--w4);color:#000}.w5{background:var(--w5);color:#fff}
pre{background:var(--soft);border:1px solid var(--line);border-radius:.5rem;padding:.7rem;white-space:pre-wrap;overflow-wrap:anywhere;font-size:.85rem}
code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
details{margin:.6rem 0}summary{cursor:pointer;color:var(--accent)}
footer{margin-top:2.5rem;color:var(--dim);font-size:.85rem;border-top:1px solid var(--line);padding-top:.6rem}
@media (max-width:30rem){main{padding:.6rem .7rem 2rem}.matrix td{min-width:1.4rem}.matrix td,.matrix th{padding:.15rem .18rem;font-size:.78rem}}
@media screen and (prefers-color-scheme:dark){:root{--back:#15191e;--text:#e6edf3;--dim:#9da7b3;--line:#2d333b;--soft:#1c2128;--accent:#56b4e9;
--r1:#16303f;--r2:#184660;--r3:#3c8fc0;--r4:#3b93c9;--r5:#2f86bd;--w1:#3f2718;--w2:#5e3417;--w3:#b5642a;--w4:#dd7425;--w5:#d55e00}}
@media print{:root{color-scheme:light}body{font-size:10pt}main{max-width:none;padding:0}nav{display:none}h2,h3,h4{break-after:avoid}
figure,li,tr,.cards div,pre{break-inside:avoid}.scroll{overflow:visible}.figures{grid-template-columns:1fr 1fr}table{font-size:8.5pt}
.matrix td,.cards div{print-color-adjust:exact;-webkit-print-color-adjust:exact}a{color:inherit;text-decoration:none}@page{margin:15mm}}
"""
