# Makes ext.json: what cvAUC 1.1.4 (github.com/ledell/cvAUC, commit 4c7feae) and contingencytables
# (github.com/ocbe-uio/contingencytables, commit b1fde68), unpacked beside this script, say to inputs of
# made.json. R 4.2.2 with r-cran-rocr, r-cran-data.table, r-cran-jsonlite: Rscript ext.R
suppressPackageStartupMessages({library(jsonlite);library(data.table);library(ROCR)})
for (f in list.files("cvAUC/R", full.names=TRUE)) source(f)
validateArguments <- function(...) NULL; contingencytables_result <- function(l, ...) l
D <- "contingencytables/R/"
for (f in c("Wilson_score_CI_1x2","Newcombe_square_and_add_CI_paired_2x2")) source(paste0(D,f,".R"))
m <- fromJSON("made.json", simplifyVector=FALSE)
out <- list(how="cvAUC 1.1.4 and contingencytables on the inputs of made.json")
out$cvauc <- lapply(m$cvauc, function(c) { r <- ci.cvAUC(lapply(c$s, unlist), lapply(c$y, unlist), confidence=c$confidence); list(auc=r$cvAUC, se=r$se, ci=r$ci) })
cells <- c(lapply(m$newcombe, function(c) list(unlist(c$cells), c$confidence)), list(list(c(1,1,7,12), .95)))
out$newcombe <- lapply(cells, function(c) { x <- c[[1]]; r <- Newcombe_square_and_add_CI_paired_2x2(matrix(as.double(x), 2, byrow=TRUE), 1-c[[2]]); list(cells=x, confidence=c[[2]], low=unname(r$lower), high=unname(r$upper)) })
out$overflow <- suppressWarnings(unname(Newcombe_square_and_add_CI_paired_2x2(matrix(c(500L,30L,11L,100L), 2, byrow=TRUE))$lower))
write(toJSON(out, digits=NA, auto_unbox=TRUE), "ext.json")
