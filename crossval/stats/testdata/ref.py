import json, math, warnings, sys
import numpy as np, scipy, statsmodels, sklearn
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar, cochrans_q
from statsmodels.stats.multitest import multipletests
out={"versions":{"python":sys.version.split()[0],"numpy":np.__version__,"scipy":scipy.__version__,"statsmodels":statsmodels.__version__,"sklearn":sklearn.__version__}}
def tr(f):
    with warnings.catch_warnings(record=True) as w:
        warnings.simplefilter("always")
        try: r=f()
        except Exception as e: return {"error":type(e).__name__+": "+str(e)}
        d={"value":r}
        if w: d["warnings"]=[str(x.message) for x in w]
        return d
def sp(r): return {"statistic":float(r.statistic),"p":float(r.pvalue)}
F1=np.array([.80,.82,.79,.75,.78,.70,.90,.91,.89,.60,.66,.61,.71,.70,.69,.88,.90,.84]).reshape(6,3)
F2=np.array([.80,.80,.79,.75,.78,.75,.90,.90,.90,.60,.66,.61,.71,.70,.70,.88,.90,.84]).reshape(6,3)
out["friedman"]={"no_ties":tr(lambda:sp(stats.friedmanchisquare(*F1.T))),"ties":tr(lambda:sp(stats.friedmanchisquare(*F2.T))),"all_equal":tr(lambda:sp(stats.friedmanchisquare(*np.ones((4,3)).T))),"two":tr(lambda:sp(stats.friedmanchisquare(*F1[:,:2].T))),
 "nemenyi_studentized_range":[[float(stats.studentized_range.sf(abs(a-b)/math.sqrt(3*4/36.)*math.sqrt(2),3,np.inf)) for b in stats.rankdata(-F1,axis=1).mean(0)] for a in stats.rankdata(-F1,axis=1).mean(0)]}
d=dict(plain=[1.1,-.4,2.3,.7,-1.5,3.1,.2,1.9,-.9,2.6],ties=[1,-1,2,2,-3,3,1,4,-2,5],zeros=[0,1,-1,2,0,3,-2,4,5,6],zeros_no_ties=[0,1,-2,3,4,5,-6,7,8,9],all_zero=[0]*6)
out["wilcoxon"]={k:{"default":tr(lambda:sp(stats.wilcoxon(v))),**{z+"_"+m+("_corr" if c else ""):tr(lambda:sp(stats.wilcoxon(v,zero_method=z,mode=m,correction=c))) for z in("wilcox","pratt","zsplit") for m in("approx","exact") for c in (False,True) if not(m=="exact" and c)}} for k,v in d.items()}
r=np.random.default_rng(1)
for n in (24,25,26,50,51): 
    x=np.round(r.normal(size=n),6); out["wilcoxon"]["n%d"%n]={"auto":tr(lambda:sp(stats.wilcoxon(x))),"exact":tr(lambda:sp(stats.wilcoxon(x,mode="exact"))),"approx":tr(lambda:sp(stats.wilcoxon(x,mode="approx")))}
out["mcnemar"]=[{"b":b,"c":c,"exact":tr(lambda:sp(mcnemar([[20,b],[c,15]],exact=True))),"chi2":tr(lambda:sp(mcnemar([[20,b],[c,15]],exact=False,correction=False))),"chi2c":tr(lambda:sp(mcnemar([[20,b],[c,15]],exact=False,correction=True)))} for b,c in((12,5),(1,8),(3,3),(0,4),(0,0),(1,0))]
Q=np.array([1,1,0,1,1,1,0,1,0,1,1,0,1,0,0,0,0,0,1,1,0,1,1,1,0,1,1,1,1,0,1,0,0,1,1,0]).reshape(12,3)
out["cochran"]={"statsmodels":tr(lambda:sp(cochrans_q(Q))),"no_difference":tr(lambda:sp(cochrans_q(np.ones((5,3)))))}
p=[.01,.04,.03,.005,.5,.03]
out["multipletests"]={m:tr(lambda:multipletests(p,method=m)[1].tolist()) for m in("holm","fdr_bh","fdr_by","hommel","simes-hochberg")}
out["multipletests"]["bh_nan"]=tr(lambda:multipletests([.01,float("nan"),.03,.02],method="fdr_bh")[1].tolist()); out["multipletests"]["holm_nan"]=tr(lambda:multipletests([.01,float("nan"),.03,.02],method="holm")[1].tolist())
k1=[.1,.4,.7,.9,1.3,1.8];k2=[.3,.8,1.1,1.9,2.5,2.9,3.1];k3=[1,2,2,3,3,5];k4=[2,3,3,4,6,7,7]
out["ks"]={"two":tr(lambda:sp(stats.ks_2samp(k1,k2))),"two_asym":tr(lambda:sp(stats.ks_2samp(k1,k2,mode="asymp"))),"ties":tr(lambda:sp(stats.ks_2samp(k3,k4))),"less":tr(lambda:sp(stats.ks_2samp(k1,k2,alternative="less"))),"greater":tr(lambda:sp(stats.ks_2samp(k1,k2,alternative="greater"))),"one_norm":tr(lambda:sp(stats.kstest(k1,"norm")))}
R=json.load(open("r.json")) if len(sys.argv)<2 else {}
if R:
    xb=np.array(R["bca"]["x"]); b=stats.bootstrap((xb,),np.mean,method="BCa",n_resamples=999,random_state=1)
    out["bca"]={"scipy_own_resamples_ci":list(map(float,b.confidence_interval)),"distribution":b.bootstrap_distribution.tolist()}
    z0=stats.norm.ppf((np.array(R["bca"]["t"])<R["bca"]["t0"]).mean()); jk=np.array([np.delete(xb,i).mean() for i in range(len(xb))]); u=jk.mean()-jk; a=(u**3).sum()/(6*(u**2).sum()**1.5)
    al=[stats.norm.cdf(z0+(z0+z)/(1-a*(z0+z))) for z in stats.norm.ppf([.025,.975])]
    out["bca"]["on_R_resamples"]={"a":float(a),"z0":float(z0),"alpha":list(map(float,al)),"np_percentile":[float(np.percentile(R["bca"]["t"],100*q)) for q in al]}
    # DeLong by hand, O(mn)
    y=np.array(R["delong"]["y"])
    def V(s):
        s=np.array(s); pos,neg=s[y==1],s[y==0]; k=(pos[:,None]>neg[None,:])+.5*(pos[:,None]==neg[None,:]); return k.mean(),k.mean(1),k.mean(0)
    a1,p1,n1=V(R["delong"]["s1"]); a2,p2,n2=V(R["delong"]["s2"])
    S=np.cov(p1,p2)/len(p1)+np.cov(n1,n2)/len(n1); z=(a1-a2)/math.sqrt(S[0,0]+S[1,1]-2*S[0,1])
    out["delong_by_hand"]={"auc1":a1,"auc2":a2,"S":S.tolist(),"z":z,"p":2*stats.norm.sf(abs(z))}
    from sklearn.metrics import roc_auc_score
    out["delong_by_hand"]["sklearn_auc1"]=float(roc_auc_score(y,R["delong"]["s1"]))
json.dump(out,open("py.json","w"))
