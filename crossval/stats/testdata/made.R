# Makes made-r.json, expected numbers of R 4.2.2 that reference.json lacks: Rscript made.R
suppressPackageStartupMessages({library(jsonlite); library(pROC)})
out <- list(how = "Rscript made.R", version = R.version.string, pROC = as.character(packageVersion("pROC")))
hl <- function(x, conf) { h <- suppressWarnings(wilcox.test(x, conf.int = TRUE, conf.level = conf)); list(x = x, confidence = conf, v = unname(h$statistic), p = h$p.value, estimate = unname(h$estimate), ci = as.numeric(h$conf.int)) }
set.seed(5)
out$walsh <- list(hl(c(1.1, -.4, 2.3, .7, -1.5, 3.1, .2, 1.9, -.9, 2.6), .95), hl(round(rnorm(20), 5), .95), hl(round(rnorm(7), 5), .9), hl(round(rnorm(49) + .3, 5), .99), hl(round(rexp(31), 5), .8))
few <- hl(c(.3, .1, .6, -.2), .95); out$few <- few
grid <- expand.grid(t = c(.5, 2, 4, 12), df = c(1, 4, 9, 30, 99), ncp = c(0, .5, 2, 5))
grid$upper <- mapply(function(t, df, ncp) pt(t, df, ncp, lower.tail = FALSE), grid$t, grid$df, grid$ncp)
out$nct <- as.matrix(grid); dimnames(out$nct) <- NULL
set.seed(9)
y1 <- rbinom(60, 1, .4); s1 <- round(rnorm(60) + y1, 1); y2 <- rbinom(45, 1, .5); s2 <- round(rnorm(45) + .5 * y2, 1)
a <- roc(y1, s1, quiet = TRUE, direction = "<"); b <- roc(y2, s2, quiet = TRUE, direction = "<")
h <- roc.test(a, b, method = "delong", paired = FALSE)
out$unpaired <- list(y1 = y1, s1 = s1, y2 = y2, s2 = s2, auc = c(as.numeric(auc(a)), as.numeric(auc(b))), var = c(var(a), var(b)), t = unname(h$statistic), df = unname(h$parameter), p = h$p.value, ci1 = as.numeric(ci.auc(a)))
set.seed(11)
rows <- lapply(c(3, 4, 8), function(k) { m <- matrix(round(rnorm(15 * k), 1), 15); f <- friedman.test(m); list(x = m, chi2 = unname(f$statistic), p = f$p.value) })
out$friedman <- rows
out$tukey <- lapply(c(2, 3, 5, 10, 40), function(k) list(k = k, p = c(.5, .9, .95, .99, .999), q = qtukey(c(.5, .9, .95, .99, .999), k, Inf)))
out$tukey_tail <- list(q = 100, k = 3, df = 3, p = ptukey(100, 3, 3, lower.tail = FALSE))
write(toJSON(out, digits = NA, auto_unbox = TRUE), "made-r.json")
