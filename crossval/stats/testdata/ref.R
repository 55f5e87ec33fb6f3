suppressPackageStartupMessages({library(jsonlite); library(pROC); library(coin); library(exactRankTests); library(rstatix); library(boot)})
out <- list()
v <- function(p) as.character(packageVersion(p))
out$versions <- list(R=R.version.string, pROC=v("pROC"), coin=v("coin"), exactRankTests=v("exactRankTests"), rstatix=v("rstatix"), boot=v("boot"))
tr <- function(e) tryCatch({w <- NULL; r <- withCallingHandlers(e, warning=function(x){w <<- c(w, conditionMessage(x)); invokeRestart("muffleWarning")}); list(value=r, warnings=w)}, error=function(x) list(error=conditionMessage(x)))
ht <- function(h) list(statistic=unname(h$statistic), parameter=unname(h$parameter), p=unname(h$p.value), method=h$method)
trh <- function(e) { r <- tr(e); if (!is.null(r$value)) c(ht(r$value), list(warnings=r$warnings)) else r }

## DeLong
y  <- c(0,0,0,0,0,0,1,1,1,1,1,1,1,0,1,0)
s1 <- c(.1,.2,.35,.3,.6,.5,.55,.7,.8,.9,.65,.4,.75,.45,.95,.15)
s2 <- c(.3,.1,.5,.4,.7,.2,.6,.5,.6,.9,.5,.3,.8,.5,.7,.4)
r1 <- roc(y, s1, quiet=TRUE, direction="<"); r2 <- roc(y, s2, quiet=TRUE, direction="<")
t <- roc.test(r1, r2, method="delong", paired=TRUE)
tu <- roc.test(r1, r2, method="delong", paired=FALSE)
out$delong <- list(y=y, s1=s1, s2=s2, auc1=as.numeric(auc(r1)), auc2=as.numeric(auc(r2)), var1=var(r1), var2=var(r2), cov=cov(r1,r2),
  z=unname(t$statistic), p=t$p.value, ci1=as.numeric(ci.auc(r1)), ci2=as.numeric(ci.auc(r2)), ci_diff=t$conf.int,
  unpaired_D=unname(tu$statistic), unpaired_df=unname(tu$parameter), unpaired_p=tu$p.value)
sp <- c(rep(.1,8), rep(.9,8)); yp <- c(rep(0,8), rep(1,8))
rp <- roc(yp, sp, quiet=TRUE, direction="<")
out$delong_edge <- list(
  identical=tr({h <- roc.test(r1, roc(y, s1, quiet=TRUE, direction="<"), method="delong", paired=TRUE); list(z=unname(h$statistic), p=h$p.value)}),
  identical_after_monotone=tr({h <- roc.test(r1, roc(y, exp(s1), quiet=TRUE, direction="<"), method="delong", paired=TRUE); list(z=unname(h$statistic), p=h$p.value)}),
  auc1_var=tr(var(rp)), auc1_ci=tr(as.numeric(ci.auc(rp))),
  auc1_vs_auc1=tr({h <- roc.test(rp, roc(yp, sp*2, quiet=TRUE, direction="<"), paired=TRUE, method="delong"); list(z=unname(h$statistic), p=h$p.value)}),
  auto_direction=tr({r <- roc(y, -s1); list(auc=as.numeric(auc(r)), direction=r$direction)}))
## Friedman
F1 <- matrix(c(.80,.82,.79, .75,.78,.70, .90,.91,.89, .60,.66,.61, .71,.70,.69, .88,.90,.84), ncol=3, byrow=TRUE)
F2 <- matrix(c(.80,.80,.79, .75,.78,.75, .90,.90,.90, .60,.66,.61, .71,.70,.70, .88,.90,.84), ncol=3, byrow=TRUE)
nem <- function(M) { n <- nrow(M); k <- ncol(M); R <- colMeans(t(apply(-M,1,rank))); se <- sqrt(k*(k+1)/(6*n)); q <- abs(outer(R,R,"-"))/se
  list(mean_ranks=R, p=ptukey(q*sqrt(2), k, Inf, lower.tail=FALSE), cd05=qtukey(.95,k,Inf)/sqrt(2)*se, q05=qtukey(.95,k,Inf)/sqrt(2)) }
im <- function(M){k <- ncol(M);n <- nrow(M); x <- unname(friedman.test(M)$statistic); Fi <- (n-1)*x/(n*(k-1)-x); list(F=Fi, df1=k-1, df2=(k-1)*(n-1), p=pf(Fi,k-1,(k-1)*(n-1),lower.tail=FALSE))}
out$friedman <- list(no_ties=list(x=F1, test=ht(friedman.test(F1)), nemenyi=nem(F1), iman_davenport=im(F1)), ties=list(x=F2, test=ht(friedman.test(F2)), nemenyi=nem(F2), iman_davenport=im(F2)),
  all_equal=trh(friedman.test(matrix(1,4,3))), qtukey_table=sapply(2:10, function(k) qtukey(.95,k,Inf)/sqrt(2)))
## Wilcoxon
d <- list(plain=c(1.1,-.4,2.3,.7,-1.5,3.1,.2,1.9,-.9,2.6), ties=c(1,-1,2,2,-3,3,1,4,-2,5), zeros=c(0,1,-1,2,0,3,-2,4,5,6), zeros_no_ties=c(0,1,-2,3,4,5,-6,7,8,9), all_zero=rep(0,6))
wx <- list()
for (nm in names(d)) { x <- d[[nm]]
  g <- data.frame(v=c(x, rep(0,length(x))), g=factor(rep(c("a","b"), each=length(x))), b=factor(rep(seq_along(x),2)))
  cz <- function(zm, dist) tr({h <- wilcoxsign_test(x ~ rep(0,length(x)), zero.method=zm, distribution=dist); list(z=as.numeric(statistic(h)), p=as.numeric(pvalue(h)))})
  wx[[nm]] <- list(x=x, wilcox.test_default=trh(wilcox.test(x)), wilcox.test_nocorrect=trh(wilcox.test(x, exact=FALSE, correct=FALSE)), wilcox.exact=tr({h <- wilcox.exact(x); list(V=unname(h$statistic), p=h$p.value)}),
    coin_pratt_asym=cz("Pratt","asymptotic"), coin_wilcoxon_asym=cz("Wilcoxon","asymptotic"), coin_pratt_exact=cz("Pratt","exact"), coin_wilcoxon_exact=cz("Wilcoxon","exact")) }
set.seed(1); x49 <- round(rnorm(49),6); x50 <- round(rnorm(50),6)
wx$n49 <- trh(wilcox.test(x49)); wx$n50 <- trh(wilcox.test(x50)); wx$n49$x <- x49; wx$n50$x <- x50
out$wilcoxon <- wx
## McNemar
mc <- function(b,c,a=20,dd=15) { M <- matrix(c(a,c,b,dd),2); y <- as.table(M); dimnames(y) <- list(A=c("1","0"),B=c("1","0"))
  pe <- tr(binom.test(b, b+c)$p.value)
  list(b=b,c=c, chi2_correct=trh(mcnemar.test(M)), chi2=trh(mcnemar.test(M, correct=FALSE)), exact_binom=pe,
   midp_formula=if (b+c>0) min(1, 2*pbinom(min(b,c),b+c,.5)-dbinom(min(b,c),b+c,.5)) else NA,
   coin_exact=tr(as.numeric(pvalue(mh_test(y, distribution="exact")))), coin_midp=tr(as.numeric(midpvalue(mh_test(y, distribution="exact"))))) }
out$mcnemar <- list(mc(12,5), mc(1,8), mc(3,3), mc(0,4), mc(0,0), mc(1,0))
## Cochran Q
Q <- matrix(c(1,1,0, 1,1,1, 0,1,0, 1,1,0, 1,0,0, 0,0,0, 1,1,0, 1,1,1, 0,1,1, 1,1,0, 1,0,0, 1,1,0), ncol=3, byrow=TRUE)
dq <- data.frame(o=as.vector(t(Q)), tr=factor(rep(1:3,12)), b=factor(rep(1:12,each=3)))
out$cochran <- list(x=Q, rstatix=tr({h <- cochran_qtest(dq, o ~ tr|b); list(stat=unname(h$statistic), df=unname(h$df), p=h$p)}), coin=tr({h <- symmetry_test(factor(o) ~ tr|b, data=dq, teststat="quadratic"); list(stat=as.numeric(statistic(h)), p=as.numeric(pvalue(h)))}),
 friedman_same=ht(friedman.test(Q)))
## p.adjust
p <- c(.01,.04,.03,.005,.5,.03)
out$padjust <- list(p=p, holm=p.adjust(p,"holm"), BH=p.adjust(p,"BH"), BY=p.adjust(p,"BY"), hochberg=p.adjust(p,"hochberg"), hommel=p.adjust(p,"hommel"),
  with_NA=list(p=c(.01,NA,.03,.02), BH=p.adjust(c(.01,NA,.03,.02),"BH"), holm=p.adjust(c(.01,NA,.03,.02),"holm"), n4=tr(p.adjust(c(.01,NA,.03,.02),"BH",n=4))), empty=p.adjust(numeric(0),"BH"), gt1=tr(p.adjust(c(.5,1.2),"holm")))
## 5x2cv
D <- matrix(c(.02,.01, .03,-.01, .00,.02, .04,.01, .01,.03), ncol=2, byrow=TRUE)
s2 <- rowSums((D-rowMeans(D))^2); tt <- D[1,1]/sqrt(mean(s2)); ff <- sum(D^2)/(2*sum(s2))
out$cv5x2 <- list(d=D, t=tt, p_t=2*pt(-abs(tt),5), F=ff, p_F=pf(ff,10,5,lower.tail=FALSE), note="formula with R's pt/pf: Dietterich 1998, Alpaydin 1999")
## Bayesian correlated t (Corani & Benavoli 2015; Benavoli et al. 2017)
x <- c(.02,.01,.03,0,.02,-.01,.02,.01,.03,.01); n <- length(x); rho <- .1
bc <- function(x, rho, rope) { n <- length(x); m <- mean(x); s <- sqrt(var(x)*(1/n + rho/(1-rho))); c(left=pt((-rope-m)/s,n-1), rope=pt((rope-m)/s,n-1)-pt((-rope-m)/s,n-1), right=pt((rope-m)/s,n-1,lower.tail=FALSE)) }
out$bayes_ct <- list(x=x, rho=rho, rope01=bc(x,rho,.01), rope0=bc(x,rho,0), numeric_check_left=integrate(function(m) {s <- sqrt(var(x)*(1/n+rho/(1-rho))); dt((m-mean(x))/s,n-1)/s}, -Inf, -.01)$value)
## corrected resampled t
se <- sqrt(var(x)*(1/n + 1/9)); out$nadeau_bengio <- list(x=x, t=mean(x)/se, p=2*pt(-abs(mean(x)/se), n-1), ci=mean(x)+c(-1,1)*qt(.975,n-1)*se)
## BCa
xb <- c(2.1,3.4,1.9,5.6,4.4,8.1,2.2,3.9,10.4,2.8)
set.seed(7); b <- boot(xb, function(d,i) mean(d[i]), R=999); bci <- boot.ci(b, conf=.95, type=c("norm","basic","perc","bca"))
L <- empinf(b); Lj <- empinf(b, type="jack"); acc <- function(L) sum(L^3)/(6*sum(L^2)^1.5)
out$bca <- list(x=xb, R=999, t0=b$t0, t=as.numeric(b$t), perc=bci$percent[4:5], basic=bci$basic[4:5], normal=bci$normal[2:3], bca=bci$bca[4:5], bca_orders=bci$bca[2:3], a_used=acc(L), a_jack=acc(Lj), z0=qnorm(sum(b$t<b$t0)/999))
## KS
k1 <- c(.1,.4,.7,.9,1.3,1.8); k2 <- c(.3,.8,1.1,1.9,2.5,2.9,3.1); k3 <- c(1,2,2,3,3,5); k4 <- c(2,3,3,4,6,7,7)
out$ks <- list(a=k1,b=k2, two=trh(ks.test(k1,k2)), two_asym=trh(ks.test(k1,k2,exact=FALSE)), less=trh(ks.test(k1,k2,alternative="less")), greater=trh(ks.test(k1,k2,alternative="greater")), ties=list(a=k3,b=k4,exact=trh(ks.test(k3,k4)), asym=trh(ks.test(k3,k4,exact=FALSE))), one_norm=trh(ks.test(k1,"pnorm")), one_ties=trh(ks.test(k3,"pnorm",3,1)))
## t distribution for gonum
nus <- c(1e-3,.1,1,2.5,30,1e6); ts <- c(-50,-2,.1,3,50)
out$tdist <- list(nu=nus, t=ts, cdf=outer(ts,nus,function(a,b) pt(a,b)), upper=outer(ts,nus,function(a,b) pt(a,b,lower.tail=FALSE)), pq=c(1e-10,.025,.5,.975), q=outer(c(1e-10,.025,.5,.975),nus,function(a,b) qt(a,b)))
out$quantile <- list(x=c(1,2,4,8,16), p=c(0,.1,.25,.5,.9,1), type1=quantile(c(1,2,4,8,16),c(0,.1,.25,.5,.9,1),type=1,names=FALSE), type4=quantile(c(1,2,4,8,16),c(0,.1,.25,.5,.9,1),type=4,names=FALSE), type7=quantile(c(1,2,4,8,16),c(0,.1,.25,.5,.9,1),type=7,names=FALSE))
cw <- cov.wt(cbind(c(1,2,3),c(2,1,5)), wt=c(1,2,1)/4, method="unbiased")$cov; out$covwt <- list(unbiased=cw, ML=cov.wt(cbind(c(1,2,3),c(2,1,5)), wt=c(1,2,1)/4, method="ML")$cov)
write(toJSON(out, digits=NA, auto_unbox=TRUE, null="null", na="string", pretty=FALSE), "r.json")
